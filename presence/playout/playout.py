"""One person heard, from frames as they come to a pose for every display time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from presence.playout.clock_map import ClockMap
from presence.playout.motion import MOTION_SIZE, motion_between, moved
from presence.playout.pacer import Pacer
from presence.playout.ready import make_ready
from presence.playout.settings import PlayoutSettings
from presence.playout.shown import Shown, ShownState
from presence.playout.track import Found, Track
from presence.pose.arrays import Floats
from presence.pose.packed import SAMPLE_SIZE, unpack
from presence.pose.sample import PoseSample

_DEFAULTS = PlayoutSettings()
_LEAP_NS = 100_000_000
"""When shown time has leapt further than this, what was on show is compared with what is now."""
_SHORTEST_EASE_NS = 50_000_000
_LARGEST_STAMP = 1 << 62
"""No clock shows more than this; what claims to is damaged, and would overflow an array."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ease:
    """How what was on show differs from what is true, waning to nothing."""

    motion: Floats
    begin_ns: int
    """On the display's clock."""
    length_ns: int

    def share(self, display_ns: int) -> float:
        """1 at the beginning, 0 at the end, level at both."""
        u = min(max((display_ns - self.begin_ns) / self.length_ns, 0.0), 1.0)
        return 1.0 - u * u * (3.0 - 2.0 * u)


class Playout:
    """One person heard.

    State: the sender's clock, the frames received, the pace of shown time, and what is on show.
    """

    def __init__(
        self, settings: PlayoutSettings = _DEFAULTS, clock: ClockMap | None = None
    ) -> None:
        """``clock`` is given when something else of the same sender, a voice, maps with it too."""
        make_ready()
        self._settings = settings
        self.clock = clock or ClockMap()
        """The sender's clock on this machine's."""
        self._epoch = self.clock.epoch
        self._pacer = Pacer(settings, self.clock)
        self._track = Track(settings)
        self._heard_ns = 0
        self._shown: Shown | None = None
        self._pose: Floats = np.empty(SAMPLE_SIZE)
        """Of what is on show."""
        self._display_ns = 0
        self._wanted_ns: int | None = None
        """The newest frame when the last pose was shown, if that pose lay past it."""
        self._restarted = False
        self._ease: _Ease | None = None

    @property
    def wait_ns(self) -> int:
        """How far behind the fastest frames pose is shown, were it not for :meth:`follow`.

        As ``Shown.estimate_ns`` counts; 0 before anybody looked.
        """
        return self._pacer.wait_ns

    def follow(self, behind_ns: int) -> None:
        """Be no less far behind than that, as ``Shown.estimate_ns`` counts.

        For a voice that is heard so late: what lips do and what is heard are then of one instant.
        It comes about as any change of the delay does, and 0 ends it.
        """
        self._pacer.least_ns = min(behind_ns, self._settings.greatest_delay_ns)

    def push(self, sample: PoseSample, sequence: int, arrival_ns: int) -> None:
        """Take in a frame, in any order, any number of times, however late.

        Args:
            sample: stamped by the sender's clock.
            sequence: the frame's number.
            arrival_ns: when it came, by this machine's clock.
        """
        if abs(sample.capture_ns) > _LARGEST_STAMP:
            return
        self._heard_ns = max(self._heard_ns, arrival_ns)
        agrees = self.clock.observe(sample.capture_ns, arrival_ns)
        self._follow_restart()
        if agrees:
            self._pacer.heard(sample.capture_ns, arrival_ns)
            self._track.add(sample, sequence)

    def show(self, display_ns: int, now_ns: int) -> Shown | None:
        """The person at ``display_ns``; None before anything was heard.

        Args:
            display_ns: when the picture will be seen, by this machine's clock; usually some tens
                of milliseconds ahead.
            now_ns: the time now, by the same clock.
        """
        self._follow_restart()
        silence_ns = now_ns - self._heard_ns
        if self._shown is not None and silence_ns >= self._settings.gone_after_ns:
            self._shown = replace(self._shown, opacity=0.0, state=ShownState.GONE)
        elif len(self._track):
            self._shown = self._at(display_ns, now_ns, silence_ns)
        self._display_ns = display_ns
        return self._shown

    def _follow_restart(self) -> None:
        """Forget what the sender's former clock stamped."""
        if self.clock.epoch != self._epoch:
            self._epoch = self.clock.epoch
            self._track.clear()
            self._pacer.restart()
            self._restarted = True

    def _at(self, display_ns: int, now_ns: int, silence_ns: int) -> Shown:
        track = self._track
        wanting = self._wanted_ns is not None
        sender_ns = self._pacer.shown_at(display_ns, now_ns, wanting=wanting)
        sender_ns = max(sender_ns, track.oldest_ns)
        found = track.at(sender_ns)
        self._begin_ease(found, sender_ns, display_ns)
        self._pose = self._eased(found.pose, display_ns)
        track.forget_before(sender_ns)
        self._wanted_ns = track.newest_ns if found.extrapolated_ns else None
        self._restarted = False
        return Shown(
            sample=unpack(self._pose.view(), found.sender_ns),
            sender_ns=found.sender_ns,
            older_sequence=found.older_sequence,
            newer_sequence=found.newer_sequence,
            fraction=found.fraction,
            extrapolated_ns=found.extrapolated_ns,
            opacity=self._opacity(display_ns, silence_ns),
            state=self._state(found, silence_ns),
            estimate_ns=self.clock.sender_at(display_ns) - found.sender_ns,
        )

    def _begin_ease(self, found: Found, sender_ns: int, display_ns: int) -> None:
        """If what is known of the shown instant has changed, start from what is on show."""
        shown = self._shown
        arrived = self._wanted_ns is not None and self._track.newest_ns > self._wanted_ns
        leapt = self._restarted or self._pacer.jumped
        if shown is None or not (arrived or leapt):
            return
        if shown.opacity == 0.0:
            # Nobody is seen, so nobody needs to get from there to here.
            self._ease = None
            return
        leapt = leapt or sender_ns - shown.sender_ns > _LEAP_NS
        # What was on show is compared with what is now known of the same instant; after a leap
        # with the present one, for what lies between was never seen.
        true = found if leapt else self._track.at(max(shown.sender_ns, self._track.oldest_ns))
        length_ns = _SHORTEST_EASE_NS + 2 * shown.extrapolated_ns
        if leapt:
            length_ns = self._settings.ease_ns
        motion = np.empty(MOTION_SIZE)
        motion_between(true.pose, self._pose, motion)
        self._ease = _Ease(
            motion,
            begin_ns=display_ns,
            length_ns=min(length_ns, self._settings.ease_ns),
        )

    def _eased(self, pose: Floats, display_ns: int) -> Floats:
        if self._ease is None:
            return pose
        share = self._ease.share(display_ns)
        if share == 0.0:
            self._ease = None
            return pose
        eased = np.empty(SAMPLE_SIZE)
        moved(pose, self._ease.motion, share, eased)
        return eased

    def _opacity(self, display_ns: int, silence_ns: int) -> float:
        """Fading with silence; appearing takes its time too, at first and again."""
        settings = self._settings
        fade_ns = settings.gone_after_ns - settings.fade_after_ns
        fading = min(max((settings.gone_after_ns - silence_ns) / fade_ns, 0.0), 1.0)
        if self._shown is None:
            return 0.0
        grown = max(display_ns - self._display_ns, 0) / settings.appear_ns
        return min(fading, self._shown.opacity + grown)

    def _state(self, found: Found, silence_ns: int) -> ShownState:
        if silence_ns >= self._settings.fade_after_ns:
            return ShownState.FADING
        if found.extrapolated_ns >= self._settings.extrapolate_ns:
            return ShownState.HOLDING
        return ShownState.EXTRAPOLATING if found.extrapolated_ns else ShownState.LIVE
