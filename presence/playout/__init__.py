"""One person heard, from frames as they come to a pose for every display time."""

from presence.playout.clock_map import ClockMap
from presence.playout.playout import Playout
from presence.playout.settings import PlayoutSettings
from presence.playout.shown import Shown, ShownState

__all__ = ["ClockMap", "Playout", "PlayoutSettings", "Shown", "ShownState"]
