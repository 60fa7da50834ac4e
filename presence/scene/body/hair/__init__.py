"""Hair, beards, headscarves and glasses: what is worn on the head, as pieces of their own."""

from presence.scene.body.hair.beard import Upon, build_beard
from presence.scene.body.hair.glasses import build_glasses
from presence.scene.body.hair.hairline import haired
from presence.scene.body.hair.shading import soften
from presence.scene.body.hair.wear import build_hair

__all__ = ["Upon", "build_beard", "build_glasses", "build_hair", "haired", "soften"]
