"""``cotam importance``."""

import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli import guidance_options as guiding
from cotam.cli import options

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from cotam.codec import Guide, LevelMap

WITHOUT_A_TOWER = "saliency"
"""What is shown where no guidance is named: the default of encoding has nothing to show."""


def importance(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A picture, or - for standard input.")],
    target: Annotated[
        str | None, typer.Option("--output", "-o", metavar="MAP", help="The PNG picture to write.")
    ] = None,
    guidance: guiding.Source = None,
    roi: guiding.Roi = None,
    levels: guiding.Levels = None,
    grid: guiding.Grid = None,
    layers: guiding.Layers = None,
    k: guiding.K = None,
    strength: guiding.Strength = None,
    prompt: guiding.Prompt = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Show what guidance makes of a picture: a heat map over it, and beside it the level map.

    Without --guidance and --roi it is spectral-residual saliency, which needs no model.
    """
    from cotam.cli.compare import load_picture
    from cotam.cli.console import print_json, say, working
    from cotam.cli.files import write_output

    choice = guiding.GuidanceChoice(guidance, tuple(roi or ()), levels, grid, layers, k, strength, prompt)
    _check(image, target, as_json)
    if choice.or_else(WITHOUT_A_TOWER) != choice:
        say(f"no --guidance given: showing {WITHOUT_A_TOWER}")
    pixels = load_picture(image).pixels
    with working("looking"):
        seen = look(choice.or_else(WITHOUT_A_TOWER).guide(device), pixels)
    if target is not None:
        write_output(target, _png(seen.drawing(pixels)))
        say(f"{target}: written; {seen.summary()}")
    if as_json:
        print_json(seen.to_dict())


@dataclass(frozen=True)
class Seen:
    """What a guide makes of one picture."""

    guidance: str
    importance: "np.ndarray"
    """float32 (rows, columns)."""
    level_map: "LevelMap"
    side_information_bytes: int
    """Bytes of the level map in a stream."""

    def drawing(self, pixels: "np.ndarray") -> "Image.Image":
        """Heat map and level map beside each other."""
        from cotam.guidance import draw_importance

        return draw_importance(pixels, self.importance, self.level_map.levels)

    def summary(self) -> str:
        """One line for people."""
        rows, columns = self.level_map.levels.shape
        return f"{self.guidance}, {rows} x {columns} cells in {self.side_information_bytes} bytes"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        level_map = {**asdict(self.level_map), "levels": self.level_map.levels.tolist()}
        return {
            "guidance": self.guidance,
            "importance": self.importance.astype(float).round(6).tolist(),
            "level_map": level_map,
            "side_information_bytes": self.side_information_bytes,
        }


def look(guide: "Guide", pixels: "np.ndarray") -> Seen:
    """Ask a guide about a picture, once.

    Raises:
        ValueError: the guidance does not fit the picture.
    """
    from cotam.codec.guiding import side_information_bytes

    values = guide.source.importance(pixels)
    level_map = guide.with_levels(guide.options.levels(values, *pixels.shape[:2]))
    return Seen(guide.name, values, level_map, side_information_bytes(level_map))


def _png(picture: "Image.Image") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _check(image: str, target: str | None, as_json: bool) -> None:
    from cotam.cli.files import check_file, check_output

    check_file(image)
    if target is None:
        if not as_json:
            raise ValueError("name the picture to write with -o map.png, or ask for figures with --json")
        return
    if target == options.STANDARD and as_json:
        raise ValueError("--json needs standard output, which takes the picture here: name an output file")
    if target != options.STANDARD and not target.lower().endswith(".png"):
        raise ValueError(f"{target}: the map is a .png file")
    check_output(target, image)
