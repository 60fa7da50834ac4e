"""Lower tiers: the same bitstream with frames dropped, and what was dropped interpolated.

Interpolation is playout's own. A frame is at its best when the frame after the next one is known
too, for that gives the curve its direction there; with only the next one, the curve ends naturally.
So each tier is judged at a delay of one of its intervals, and of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from presence.bench.coded import Coded
from presence.bench.judged import error_figures
from presence.bench.sizes import rates_kbps
from presence.codec import Decoder
from presence.playout.settings import PlayoutSettings
from presence.playout.track import Track
from presence.pose.sample import PoseSample


def tier(coded: Coded, every: int, ahead: int) -> dict[str, Any]:
    """Only every ``every``-th frame is sent; the rest is made up from ``ahead`` frames beyond.

    ``error_mm_missing_p95`` is that of the made-up instants alone; the other figures are of all
    instants of the clip that lie before the last frame sent.
    """
    clip = coded.clip
    kept = coded.frames[::every]
    decoder = Decoder(clip.proportions)
    samples = [decoder.decode(frame) for frame in kept]
    shown = interpolated(samples, [s.capture_ns for s in clip.samples], ahead)
    truth = clip.samples[: len(shown)]
    missing = [k for k in range(len(shown)) if k % every]
    of_missing = error_figures(
        [shown[k] for k in missing], [truth[k] for k in missing], clip.proportions
    )
    return {
        "rate": clip.rate / every,
        "delay_ms": 1e3 * ahead * every / clip.rate,
        **rates_kbps(([frame] for frame in kept), clip.seconds),
        **error_figures(shown, truth, clip.proportions),
        "error_mm_missing_p95": of_missing["error_mm_p95"],
    }


def interpolated(
    samples: Sequence[PoseSample], times_ns: Sequence[int], ahead: int
) -> list[PoseSample]:
    """The person at each time up to the last sample, knowing ``ahead`` samples beyond it.

    Args:
        samples: in the order of their capture; the first must not be later than the first time.
        times_ns: when, in order, by the sender's clock.
        ahead: how many samples after each time have come by then, at least 1.
    """
    track = Track(PlayoutSettings())
    shown = []
    came = 0
    for at_ns in times_ns:
        if at_ns > samples[-1].capture_ns:
            break
        while came < len(samples) and (
            came < ahead or samples[came - ahead].capture_ns < at_ns or came == 0
        ):
            track.add(samples[came], came)
            came += 1
        track.forget_before(at_ns)
        shown.append(track.at(at_ns).sample)
    return shown
