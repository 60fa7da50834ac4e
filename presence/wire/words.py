"""The words of spoken codes: 256 that are easily told apart and spelt."""

from __future__ import annotations

_WORDS = """
acorn album alpaca amber anchor apple apron arrow aspen atlas autumn badge bagel bamboo banjo
barley basil basket beacon beaver bench berry bishop blanket blossom bonnet bottle bramble
bridge bronze bucket butter button cabin cactus camel candle canoe canyon carpet carrot castle
cedar cello chalk cherry chimney cider cinnamon circus citrus clover cobalt coconut comet copper
coral cotton cradle crystal curtain cushion dahlia daisy dancer desert diamond dolphin donkey
dragon drummer eagle easel ember emerald engine fabric falcon feather fennel ferry fiddle finger
flamingo flannel forest fossil fountain galaxy garden garlic garnet ginger giraffe glacier
glider goblet granite gravel guitar hammer hammock harbor harvest hazel helmet heron hickory
hollow honey hornet iceberg igloo indigo island ivory jacket jaguar jasmine jelly jigsaw jungle
kettle kitchen kitten koala ladder lagoon lantern laurel lemon lentil leopard lilac linen lizard
lobster locket lotus magnet magpie mango maple marble market meadow melon mirror mitten monkey
mosaic muffin mustard napkin nectar needle nickel nutmeg oasis oatmeal ocean olive onion orange
orchid otter oyster paddle panda panther papaya parrot pasture peanut pebble pelican pencil
pepper petal piano pigeon pillow planet plaza pocket pony poppy prairie pretzel pumpkin puzzle
quartz quiver rabbit radish raisin ribbon river robin rocket rooster saddle saffron salmon
sandal sapphire satin saucer scarlet shadow shelter shovel silver sparrow spider spinach
squirrel stable summit sunset syrup table tangerine teapot temple thimble thunder tiger timber
tomato tractor trumpet tulip tundra tunnel turtle umbrella valley vanilla velvet village violin
walnut walrus whisper willow window winter wizard wolf woodland wren yogurt zebra zeppelin
zinnia
"""

WORDS = tuple(_WORDS.split())
