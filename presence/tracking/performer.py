"""A person made by code, who stands or sits in a call, talks, listens, thinks, laughs and waves."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from presence.clock import SECOND
from presence.pose.arrays import Floats, frozen
from presence.pose.derive import with_derived
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.sample import NOBODY, Attention, Contact, PoseSample, checked
from presence.pose.skeleton import HAND_BONES, INDEX
from presence.room.places import seen_from
from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.face import Expression
from presence.tracking.acting.figure import Figure, at_ease, make_turns
from presence.tracking.acting.footing import COMFORT, Footing
from presence.tracking.acting.gaze import Gaze
from presence.tracking.acting.gestures import FINGERS, ON_THIGH, Gestures
from presence.tracking.acting.laughter import Laugh, Laughter
from presence.tracking.acting.nods import Nods
from presence.tracking.acting.seeded import Beats, Track, draws
from presence.tracking.acting.sitting import STANDING, Sitting
from presence.tracking.acting.speech import Speech, Voice
from presence.tracking.acting.stance import Stance
from presence.tracking.acting.thinking import Thinking, Thought
from presence.tracking.single import Vec, added, conjugate, rotate

_HEAD_SHARE = 0.62, 0.82
"""Of the way to what is looked at, in pitch and yaw, that the head goes; the eyes do the rest."""
_TRUNK_SHARE = 0.22
_NECK_TURN = math.radians(62.0)
"""How far the head turns against the feet, at the most."""
_EYES_TURN = np.radians(40.0)
_ON = 0.97


class Performer:
    """A source that is nobody: a person acted by code.

    The performer breathes, carries their weight on one leg and the other, looks at whoever speaks
    by a turn-taking script that the whole cast shares, thinks before some answers, speaks in turn
    with mouth, hands, brows and head, nods while listening, laughs when there is something to
    laugh about, blinks, smiles, waves hello at the start of the call and now and then; turns by
    steps to whoever is too far aside, and sits where there is a seat. Feet that bear weight do not
    move. All of it is a pure function of the seeds and the time, and none of it repeats. Holds
    caches and no state.
    """

    def __init__(
        self,
        seed: int,
        *,
        seat: int = 0,
        cast: int = 3,
        script_seed: int = 0,
        epoch_ns: int = 0,
        proportions: Proportions | None = None,
        girth: float = 1.0,
        seat_height: float | None = None,
        others: Mapping[int, Floats] | None = None,
    ) -> None:
        """Make a performer.

        Args:
            seed: of this person's ways and size; the same seed does the same for ever.
            seat: the seat that they take, from 0.
            cast: how many people there are; their seats are 0 to cast − 1.
            script_seed: of the script that says who speaks; the same for the whole cast.
            epoch_ns: when the call begins, by the sender's clock.
            proportions: their measures; None draws a size from the seed.
            girth: how wide their trunk is, of an average person's: hands keep clear of it.
            seat_height: metres from the floor to what they can sit on, behind the middle of their
                place: they sit down on it some seconds after the call began, get up a good while
                later, and so on. None: there is nothing to sit on.
            others: where the eyes ``(3,)`` of each other's are, in this one's place, by seat;
                None: where the room puts them.
        """
        own = draws(seed, "body", 0)
        self._body = proportions or default_proportions(1.58 + 0.26 * own[0])
        self._epoch_ns = epoch_ns
        cast = max(cast, seat + 1)
        conversation = Conversation(script_seed, cast)
        self._conversation, self._seat = conversation, seat
        others = eyes_of_others(seat, cast) if others is None else others
        self._gaze = Gaze(seed, conversation, seat, others, self._body.eye_height)
        self._speech = Speech(seed, conversation, seat)
        self._expression = Expression(seed)
        self._laughter = Laughter(seed, conversation, seat)
        self._thinking = Thinking(seed, conversation, seat)
        self._sitting = None if seat_height is None else Sitting(seed)
        self._footing = Footing(
            seed, self._body, self._interest_at, self._turns_far_aside, self._sitting
        )
        self._stance = Stance(seed, self._body, seat_height, self._footing.seat_spot())
        self._gestures = Gestures(seed, conversation, seat)
        self._nods = Nods(seed, conversation, self._speech.script, seat)
        self._figure = Figure(self._body, girth)
        self._eyes: Vec = tuple(self._body.eyes.tolist())
        rest = self._body.rest_positions()
        self._above_neck = self._body.eye_height - float(rest[INDEX["neck"], 1])
        interest = Beats(seed, "interest", 5.0)
        self._interest = Track(interest, lambda k: np.array([2.0 * interest.dice(k)[0] - 0.8]))
        warmth = draws(seed, "warmth", 0)[0]
        self._kind = 0.5 + 0.5 * warmth
        self._answers_s = 0.35 + 0.5 * warmth
        self._warmth = Track(conversation.beats, lambda k: np.array([conversation.turn(k).warmth]))

    @property
    def proportions(self) -> Proportions:
        """The performer's measures."""
        return self._body

    def sample(self, time_ns: int) -> PoseSample:
        """What the performer does at ``time_ns`` by the sender's clock."""
        t = (time_ns - self._epoch_ns) / SECOND
        eyes_at, head_yaw, head_pitch, trunk_yaw = self._gaze.points(t)
        voice = self._speech.at(t)
        laugh, thought = self._laughter.at(t), self._thinking.at(t)
        feet = self._footing.at(t)
        seated = STANDING if self._sitting is None else self._sitting.at(t)
        heading = feet.middle[2]
        posture = self._stance.at(
            t,
            feet,
            float(self._interest.at(t, 1.8)[0]),
            _TRUNK_SHARE * _eased(trunk_yaw - heading),
            seated,
            (laugh.breath, laugh.toss),
        )
        hands = self._gestures.at(t, voice.stress, laugh.much, thought)
        # On the way down and up both hands help.
        upright = 1.0 - seated.lean
        on_thighs = seated.hands * (1.0 - (1.0 - hands.at_rest) * upright)
        fingers = hands.poses[:, FINGERS]
        fingers += on_thighs[:, None] * (ON_THIGH - fingers)
        turns = make_turns(posture, hands.poses, 0.03 * laugh.much + 0.03 * laugh.breath)
        rotations = at_ease()
        rotations[HAND_BONES] = turns.fingers
        chest = self._figure.trunk(rotations, posture, turns)
        neck = self._figure.neck(chest)
        yaw, tilt, brows = self._carriage(
            t, neck, (head_yaw, head_pitch), heading, voice, laugh, thought, posture.tremor
        )
        head, head_turn = self._figure.head(rotations, neck, chest[1], yaw, tilt)
        at_chin = None
        chin = hands.at_chin * upright
        if chin[0] > 0.0 or chin[1] > 0.0:
            at_chin = self._figure.at_chin(chin, (head, head_turn))
        self._figure.limbs(
            rotations,
            posture,
            chest,
            feet,
            hands.poses,
            turns,
            on_thighs,
            at_chin,
            seated.down,
        )

        eyes = added(head, rotate(head_turn, self._eyes))
        away = eyes_at - np.array(eyes)
        sight = within_the_orbit(np.array(rotate(conjugate(head_turn), tuple(away.tolist()))))
        look = self._gaze.now(t)
        contacts = Contact.NONE
        for touching, meaning in (
            (feet.planted[0], Contact.LEFT_FOOT),
            (feet.planted[1], Contact.RIGHT_FOOT),
            (seated.on_seat, Contact.SEAT),
            (hands.clasped * upright > _ON, Contact.HANDS_TOGETHER),
            (chin[0] > _ON, Contact.LEFT_HAND_TO_FACE),
            (chin[1] > _ON, Contact.RIGHT_HAND_TO_FACE),
        ):
            if touching:
                contacts |= meaning
        sample = PoseSample(
            capture_ns=time_ns,
            root_position=posture.hips,
            rotations=rotations,
            face=self._face(t, voice, hands.waving, brows, laugh, thought),
            gaze_direction=sight,
            gaze_distance=float(np.linalg.norm(sight)),
            attention=NOBODY if look.seat is None else Attention(look.seat + 1, 0.9),
            contacts=contacts,
        )
        return with_derived(checked(sample), self._body)

    def _face(
        self, t: float, voice: Voice, greeting: float, brows: float, laugh: Laugh, thought: Thought
    ) -> Floats:
        shifts = [look.start_s for look in self._gaze.recent(t, 0.4) if look.blinks]
        blink = self._expression.blinks.at(t, shifts)
        # Whoever speaks kindly smiles, and is smiled back at.
        warmth = 0.7 * self._kind * float(self._warmth.at(t - self._answers_s, 1.2)[0])
        face = self._expression.at(
            t,
            blink,
            warmth=1.0 - (1.0 - greeting) * (1.0 - warmth),
            brows=brows,
            laugh=laugh,
            thought=thought,
            voiced=voice.voiced,
        )
        # Nobody forms words while laughing.
        return face + (1.0 - 0.9 * laugh.much) * voice.mouth

    def _carriage(
        self,
        t: float,
        neck: Vec,
        aim: tuple[float, float],
        heading: float,
        voice: Voice,
        laugh: Laugh,
        thought: Thought,
        tremor: Floats,
    ) -> tuple[float, Vec, float]:
        """How the head is carried, its yaw and the vector of its tilt; and how far brows rise."""
        body = self._body
        # What is looked at is known from where one stands upright; the neck may be elsewhere.
        sink = body.eye_height - neck[1] - self._above_neck
        pitch = aim[1] + math.atan2(sink, 2.0)
        nod, askew, raised = self._nods.at(t)
        yaw = _HEAD_SHARE[1] * _eased(aim[0] - heading)
        shake = (tremor[4:7]).tolist()
        tilt = (
            _HEAD_SHARE[0] * pitch
            + nod
            - 0.035 * voice.stress
            + 0.018 * voice.lift
            + 0.012 * shake[1]
            + 0.15 * laugh.toss
            - 0.04 * laugh.breath
            + 0.02 * voice.asking,
            0.0,
            0.02 * shake[2]
            - 0.08 * yaw
            + askew * (1.0 - laugh.much)
            - 0.07 * thought.side * thought.much
            + 0.05 * voice.asking,
        )
        brows = voice.stress + 0.25 * voice.lift + 0.8 * voice.asking + raised
        return heading + yaw + 0.012 * shake[0], tilt, brows

    def _interest_at(self, t: float) -> float:
        """Radians to the left at which that is which the person turns to, feet and all."""
        speaker = self._conversation.turn_at(t).speaker
        if speaker is None or speaker not in self._gaze.others:
            return 0.0
        return self._gaze.bearing_of(speaker)

    def _turns_far_aside(self, begin: float, end: float) -> list[tuple[int, float]]:
        """When somebody begins to speak, if some are too far aside for the neck alone."""
        if all(abs(bearing[0]) < COMFORT for bearing in self._gaze.others.values()):
            return []
        number = self._conversation.turn_at(begin).number
        turns = []
        while (turn := self._conversation.turn(number)).ready_s < end:
            when = turn.ready_s + 0.55
            if begin < when < end and turn.end_s - turn.ready_s > 2.5:
                turns.append((number, when))
            number += 1
        return turns


def eyes_of_others(seat: int, cast: int) -> dict[int, Floats]:
    """The point ``(3,)`` between each other's eyes, in the place of ``seat``."""
    height = default_proportions().eye_height
    return {
        other: frozen(place.apply(np.array([0.0, height, -0.08])))
        for other, place in seen_from(seat, range(cast)).items()
    }


def within_the_orbit(sight: Floats) -> Floats:
    """What the eyes can do of a line of sight ``(3,)`` in ``head``: they turn 40° at the most.

    Up to half of that they go all the way; then the head has to catch up.
    """
    aside = float(np.hypot(sight[0], sight[1]))
    angle = float(np.arctan2(aside, -sight[2]))
    free = 0.5 * _EYES_TURN
    if angle <= free:
        return sight
    turned = free + free * float(np.tanh((angle - free) / free))
    length = float(np.linalg.norm(sight))
    across = sight[:2] * (length * np.sin(turned) / aside)
    return np.array([across[0], across[1], -length * np.cos(turned)])


def _eased(yaw: float) -> float:
    """Radians, as far as a head turns against the feet; softly less near the limit."""
    return _NECK_TURN * math.tanh(yaw / _NECK_TURN) if abs(yaw) > 0.0 else 0.0
