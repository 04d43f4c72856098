"""The closed sets that LevelVQA's world is made of; answers are drawn from them."""

from types import MappingProxyType

COLOURS = MappingProxyType(
    {
        "red": (214, 40, 40),
        "orange": (245, 130, 32),
        "yellow": (250, 214, 50),
        "green": (46, 155, 70),
        "blue": (40, 90, 210),
        "purple": (125, 60, 170),
        "pink": (245, 130, 185),
        "brown": (125, 80, 45),
        "white": (245, 245, 242),
        "black": (28, 28, 32),
    }
)
"""Names of colours and their sRGB values, of objects, words and backgrounds; a picture varies them a little."""

SHAPES = (
    "circle",
    "square",
    "triangle",
    "star",
    "heart",
    "cross",
    "diamond",
    "hexagon",
    "ring",
    "moon",
    "arrow",
)
ICONS = ("house", "tree", "car", "fish", "key")
KINDS = SHAPES + ICONS
"""Kinds of objects that are counted, found and related; plurals in `PLURALS`."""

PLURALS = MappingProxyType({kind: f"{kind}s" for kind in KINDS} | {"cross": "crosses", "fish": "fish"})

BACKGROUNDS = (
    "bricks", "grass", "water", "wood", "marble", "tiles", "dots", "clouds", "sand", "fabric",
)  # fmt: skip
"""Classes of backgrounds, told apart by texture and not by colour."""

TEXTURES = ("plain", "shaded", "speckled")
"""How an object's surface is filled; never asked for, there to be compressed."""

ORIENTATIONS = ("horizontal", "vertical", "rising", "falling")
"""Directions of the stripes of a panel; ``rising`` goes up towards the right."""

RELATIONS = ("left", "right", "above", "below")

DIGITS = tuple("0123456789")
LETTERS = tuple("ABCDEFHKLMNPRSTX")

WORDS = (
    "STOP", "OPEN", "EXIT", "SALE", "TAXI", "BANK", "CAFE", "HOTEL", "PARK", "ZOO", "BUS", "PUSH",
    "PULL", "FREE", "MENU", "NEWS", "SHOP", "FOOD", "GOLD", "LAKE", "MILK", "NORTH", "SOUTH", "EAST",
    "WEST", "PIZZA", "QUIET", "RADIO", "SCHOOL", "TICKET", "UNDER", "VISIT", "WATER", "YARD", "BREAD", "CLOSED",
    "DANGER", "ENTRY", "FIRE", "GARDEN", "HELP", "ISLAND", "JUICE", "LIBRARY",
)  # fmt: skip
"""Words of signs, from three to seven letters."""
