"""What goes wrong in a call: members who mean harm, as far as what is drawn; and bad luck."""

import asyncio
import os
from dataclasses import replace

import numpy as np
import pytest
from bvh_writer import write_bvh

from presence.client.people import People
from presence.client.receiving import POSES_A_SECOND, POSES_AT_ONCE, Receiver
from presence.client.records import Came, Heard, Seated, pack_record, unpack_record
from presence.client.sending import Sender
from presence.client.settings import Settings
from presence.client.sources import make_source
from presence.client.wardrobe import Wardrobe
from presence.clock import MILLISECOND, SECOND, SkewedClock
from presence.codec import Encoder, encode_profile
from presence.codec.profile import STEP
from presence.errors import PresenceError, SourceError
from presence.pose.proportions import default_proportions
from presence.pose.sample import Attention, PoseSample
from presence.pose.skeleton import INDEX
from presence.scene.posing import pose_stage
from presence.scene.triangle import triangle_avatar
from presence.tracking.performer import Performer
from presence.wire.envelope import CAPTURE_PERIOD, Envelope, Kind

STREAM = 5


class Victim:
    """Somebody who hears the member, as far as the graphics card. State: all that was heard."""

    def __init__(self):
        self.heard = 0
        avatar = triangle_avatar()
        self.people = People(lambda came: avatar)
        self.people.tell(Seated(0))
        self.receiver = Receiver(SkewedClock(), self._tell, lambda stream, request: None)
        self.receiver.came(STREAM, "Mallory", 1)
        self.now = SECOND

    def _tell(self, record):
        self.heard += isinstance(record, Heard)
        self.people.tell(unpack_record(pack_record(record)))

    def hear(self, envelope, after_ns=SECOND // 60):
        self.now += after_ns
        self.receiver.hear(envelope, self.now)

    def drawn(self):
        stage, _ = self.people.at(self.now + 30 * MILLISECOND, self.now)
        return pose_stage(stage)


def profile_envelope(payload):
    return Envelope.single(Kind.PROFILE, STREAM, sequence=0, capture_ns=0, payload=payload)


def introduced():
    victim = Victim()
    victim.hear(profile_envelope(encode_profile(default_proportions())))
    return victim


def goldens(samples):
    """Each sample as a golden frame's envelope."""
    encoder = Encoder(default_proportions())
    for sample in samples:
        encoder.request_golden()
        yield Envelope.pose(STREAM, encoder.encode(sample))


def performance(count):
    performer = Performer(1, seat=1)
    return [performer.sample(SECOND + i * SECOND // 60 // 1000 * 1000) for i in range(count)]


def test_attention_on_any_number_of_a_stream_is_passed_on():
    victim = introduced()
    (sample,) = performance(1)
    (envelope,) = goldens([replace(sample, attention=Attention(0xFFFF_FFFF, 1.0))])
    victim.hear(envelope)
    assert victim.heard == 1


def test_measures_are_drawn_whatever_they_are_or_refused():
    rng = np.random.default_rng(0)
    envelopes = list(goldens(performance(3)))
    drawn = 0
    for _ in range(150):
        numbers = np.frombuffer(encode_profile(default_proportions()), ">i2", offset=1).copy()
        wild = rng.random(len(numbers)) < rng.choice([0.01, 0.1, 0.5])
        size = rng.choice([0.0, 100.0, 3000.0, 9000.0])
        numbers[wild] = np.rint(rng.normal(size=wild.sum()) * size).clip(-32768, 32767)
        victim = Victim()
        victim.hear(profile_envelope(b"\x01" + numbers.tobytes()))
        for envelope in envelopes:
            victim.hear(envelope)
        posed = victim.drawn()
        assert np.isfinite(posed.palettes).all()
        drawn += len(posed)
    assert 20 < drawn < 150


def test_people_without_legs_are_refused():
    numbers = np.frombuffer(encode_profile(default_proportions()), ">i2", offset=1).copy()
    # The height goes from below the hips to above them.
    numbers[[1, 4]] = 0, numbers[4] + numbers[1]
    assert numbers[4] * STEP < 1.5
    victim = Victim()
    victim.hear(profile_envelope(b"\x01" + numbers.tobytes()))
    for envelope in goldens(performance(3)):
        victim.hear(envelope)
    assert victim.heard == 0


def test_frames_of_random_numbers_are_drawn_or_refused():
    rng = np.random.default_rng(1)
    victim = introduced()
    envelopes = list(goldens(performance(60)))
    for envelope in envelopes:
        core = bytearray(envelope.core)
        for at in rng.integers(0, len(core), rng.integers(0, 4)):
            core[at] = rng.integers(256)
        victim.hear(replace(envelope, core=bytes(core)))
        assert np.isfinite(victim.drawn().palettes).all()
    assert victim.heard > 0


def test_a_time_that_leaps_on_and_on_ends_in_refusal():
    victim = introduced()
    (envelope,) = goldens(performance(1))
    # Where many leaps would lead, in one.
    victim.receiver._speakers[STREAM].times._newest_us = 1 << 53
    victim.hear(replace(envelope, sequence=1, capture_us=CAPTURE_PERIOD - 1))
    assert (victim.heard, victim.receiver.refused) == (0, 1)


def test_who_sends_thousands_of_poses_a_second_is_heard_at_a_bounded_rate():
    victim = introduced()
    (envelope,) = goldens(performance(1))
    for i in range(1500):
        victim.hear(replace(envelope, sequence=i), after_ns=SECOND // 5000)
    assert victim.heard <= POSES_AT_ONCE + POSES_A_SECOND * 0.3 + 1
    assert victim.receiver.refused == 1500 - victim.heard


def test_who_is_given_ones_own_seat_is_not_shown_and_harms_nobody():
    victim = introduced()
    profile = encode_profile(default_proportions())
    for envelope in goldens(performance(3)):
        victim.hear(envelope)
    assert len(victim.drawn()) == 1
    victim.people.tell(Came(STREAM, 0, "Mallory", "", profile))
    assert len(victim.drawn()) == 0


def test_who_strays_further_than_can_be_sent_is_not_sent_until_they_are_back():
    class Strays:
        proportions = default_proportions()
        sample_at = PoseSample.at_rest(0, 1.0)

        def sample(self, time_ns):
            return self.sample_at.at(time_ns)

    source = Strays()
    sender = Sender(STREAM, source, SkewedClock())
    assert sender.capture(SECOND) is not None
    source.sample_at = replace(source.sample_at, root_position=np.array([0.0, 1.0, 101.0]))
    assert sender.capture(2 * SECOND) is None
    source.sample_at = PoseSample.at_rest(0, 1.0)
    assert sender.capture(3 * SECOND) is not None


def test_a_cache_that_cannot_be_written_is_named_with_its_cure(monkeypatch):
    monkeypatch.setenv("PRESENCE_CACHE", os.devnull)
    with pytest.raises(PresenceError, match="PRESENCE_CACHE"):
        asyncio.run(Wardrobe().body(1))


def test_a_file_whose_person_cannot_be_sent_is_refused_before_the_call(tmp_path):
    body = default_proportions()
    offsets = body.offsets.copy()
    offsets[INDEX["leftHand"]] *= 10.0
    giant = replace(body, offsets=offsets)
    file = tmp_path / "giant.bvh"
    still = np.tile([0.0, 0.0, 0.0, 1.0], (1, 55, 1))
    file.write_text(write_bvh(giant, still, np.array([[0.0, body.hips_height, 0.0]])))
    settings = Settings(link="", source="file", motion=str(file))
    with pytest.raises(SourceError, match=r"giant\.bvh: a bone is .* no person"):
        make_source(settings, 0, 0)
