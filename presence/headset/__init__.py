"""OpenXR: where the runtime comes from, the session, its frame loop and the head's pose.

``runtime``, ``service`` and ``monado`` say how a process that draws must be started and load no
OpenXR; ``session`` is that process's side, and imports ``xr``.
"""
