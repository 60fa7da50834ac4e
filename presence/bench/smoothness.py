"""How smoothly somebody moves, in one number that can be compared.

The log dimensionless jerk (S. Balasubramanian, A. Melendez-Calderon, A. Roby-Brami and E. Burdet,
"On the analysis of movement smoothness", Journal of NeuroEngineering and Rehabilitation 12:112,
2015), of a whole body at once: with *v* the root mean square speed of all virtual vertices, *j*
that of their jerk, and *T* the length of a window,

    LDLJ = −ln( T³ / max(v)² · ∫ j² dt )

the less negative, the smoother. Windows are two seconds long, and those in which nobody moves are
left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats

WINDOW_S = 2.0
_LEAST_MM_S = 20.0
"""Whoever is slower than this throughout a window does not move in it."""


@dataclass(frozen=True, slots=True)
class Smoothness:
    """Of one motion."""

    log_jerk: float
    """LDLJ, the mean over the windows."""
    jerk_m_s3: float
    """The root mean square jerk."""


def smoothness(vertices_mm: Floats, rate: float) -> Smoothness:
    """Of ``vertices_mm (times, vertices, 3)``, sampled evenly ``rate`` times a second."""
    speeds = _rms(np.diff(vertices_mm, axis=0)) * rate
    jerks = _rms(np.diff(vertices_mm, n=3, axis=0)) * rate**3
    span = round(WINDOW_S * rate)
    logs = []
    for start in range(0, len(jerks) - span + 1, span):
        peak = speeds[start : start + span].max()
        if peak >= _LEAST_MM_S:
            integral = float((jerks[start : start + span] ** 2).sum()) / rate
            logs.append(-np.log(WINDOW_S**3 / peak**2 * max(integral, 1e-12)))
    return Smoothness(
        log_jerk=float(np.mean(logs)) if logs else 0.0,
        jerk_m_s3=1e-3 * float(np.sqrt(np.mean(jerks**2))),
    )


def _rms(vectors: Floats) -> Floats:
    """``(times,)`` root mean square over the vertices of their vectors' lengths."""
    rms: Floats = np.sqrt((vectors * vectors).sum(-1).mean(-1))
    return rms
