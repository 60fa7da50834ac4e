"""The display that a participant's settings name."""

from __future__ import annotations

from presence.client.displays import SOFTWARE_PIXELS, Display
from presence.client.settings import Settings
from presence.errors import UsageError

OFFSCREEN_RATE = 30.0
"""Simulated displays a second of the offscreen view."""

WINDOW_PIXELS = 960
"""The width of the window at first."""


def open_display(settings: Settings) -> Display:
    """Open what ``--view`` asked for; only its own libraries are loaded.

    Raises:
        HeadsetError: there is no OpenXR runtime or no headset.
        RenderError: there is no OpenGL, or no screen for a window.
        UsageError: there is no such view.
    """
    still, samples = settings.still_pixels, settings.samples
    match settings.view:
        case "headset":
            from presence.client.headset_display import HeadsetDisplay

            # Nobody's hands and face are looked at whom something else makes up.
            whole = "headset" in settings.sensors
            return HeadsetDisplay(settings.eye_pixels, still, samples, whole=whole)
        case "offscreen":
            from presence.client.offscreen_display import OffscreenDisplay

            return OffscreenDisplay(
                settings.eye_pixels or SOFTWARE_PIXELS, still, samples, OFFSCREEN_RATE
            )
        case "window":
            from presence.client.window_display import WindowDisplay

            return WindowDisplay(settings.eye_pixels or WINDOW_PIXELS, still, samples)
    raise UsageError(f"no view is called {settings.view!r}: use headset, window, offscreen or none")
