"""The display that a participant's settings name."""

from __future__ import annotations

from presence.client.displays import Display
from presence.client.settings import Settings
from presence.errors import UsageError

OFFSCREEN_RATE = 30.0
"""Simulated displays a second of the offscreen view."""


def open_display(settings: Settings) -> Display:
    """Open what ``--view`` asked for; only its own libraries are loaded.

    Raises:
        HeadsetError: there is no OpenXR runtime or no headset.
        RenderError: there is no OpenGL, or no screen for a window.
        UsageError: there is no such view.
    """
    pixels = (settings.eye_pixels, settings.still_pixels, settings.samples)
    match settings.view:
        case "headset":
            from presence.client.headset_display import HeadsetDisplay

            return HeadsetDisplay(*pixels)
        case "offscreen":
            from presence.client.offscreen_display import OffscreenDisplay

            return OffscreenDisplay(*pixels, OFFSCREEN_RATE)
        case "window":
            from presence.client.window_display import WindowDisplay

            return WindowDisplay(*pixels)
    raise UsageError(f"no view is called {settings.view!r}: use headset, window, offscreen or none")
