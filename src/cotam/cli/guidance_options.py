"""Options that say where in a picture the bits go, and how they become a guide."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cotam.codec import Guide
    from cotam.codec.similarity import SimilarityTarget
    from cotam.guidance import Guidance, LevelOptions

BOX = re.compile(r"\s*\d+(\.\d+)?(\s*,\s*\d+(\.\d+)?){3}\s*")
NO_TOWERS = ("uniform", "random", "saliency", "map", "roi")
"""Sources of guidance that are no vision tower."""

Source = Annotated[
    str | None,
    typer.Option(
        "--guidance",
        metavar="TOWER|uniform|random|saliency|FILE",
        help="Where the bits go: a vision tower (hub id, folder or short name such as clip-b), a control, or a grey "
        "picture, brighter where it matters. Also texts such as clip:layers=0-2,grid=8.",
    ),
]
Roi = Annotated[
    list[str] | None,
    typer.Option("--roi", metavar="X,Y,W,H", help="A box in pixels that matters; may be repeated."),
]
Levels = Annotated[int | None, typer.Option(metavar="3|5|7|9", help="Number of levels; 3 by default.")]
Grid = Annotated[
    str | None,
    typer.Option(metavar="N|RxC|auto", help="Cells of the level map; 8 x 8 for ordinary pictures."),
]
Layers = Annotated[
    str | None, typer.Option(metavar="0-2", help="Blocks of the tower whose attention counts, from 0.")
]
K = Annotated[
    float | None,
    typer.Option("--k", metavar="K", help="Standard deviations to the threshold; 0.75 by default."),
]
Strength = Annotated[float | None, typer.Option(metavar="S", help="Quality per level; 10 by default.")]
Prompt = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Raise what this question or phrase is about; needs a tower with a text side. Beyond the paper.",
    ),
]


@dataclass(frozen=True)
class GuidanceChoice:
    """The options as they were given; None where they were not."""

    source: str | None = None
    roi: tuple[str, ...] = ()
    levels: int | None = None
    grid: str | None = None
    layers: str | None = None
    k: float | None = None
    strength: float | None = None
    prompt: str | None = None

    def __post_init__(self) -> None:
        """Refuse, before anything is loaded, boxes that are none, and options of a tower without one.

        Raises:
            ValueError: naming the option.
        """
        for box in self.roi:
            if not BOX.fullmatch(box):
                raise ValueError(f"--roi must be x,y,width,height in pixels, not {box!r}")
        for option in ("layers", "prompt"):
            if getattr(self, option) is not None and not self.names_a_tower:
                raise ValueError(f"--{option} needs --guidance to name one vision tower")
        if self._level_text:
            self._level_options()

    @property
    def is_file(self) -> bool:
        """Whether the source is the file of a map."""
        return self.source is not None and Path(self.source).is_file()

    @property
    def names_a_tower(self) -> bool:
        """Whether the source is one vision tower, perhaps with options."""
        name = re.split("[:+]", self.source or "uniform")[0]
        return not self.is_file and name not in NO_TOWERS and "+" not in (self.source or "")

    def or_else(self, source: str) -> "GuidanceChoice":
        """The same with a source where neither one nor boxes were given."""
        return self if self.source or self.roi else replace(self, source=source)

    def guide(self, device: str | None = None, parse: "Callable[[str], Guide] | None" = None) -> "Guide":
        """Load what is needed; nothing where no guidance was asked for.

        Args:
            device: where torch runs a tower.
            parse: makes guides of texts instead of torch.

        Raises:
            ValueError: a source, option or value that is not known or does not fit.
            ModelError: the tower cannot be loaded.
            ImageError: the file is no grey picture.
        """
        from cotam.codec.guiding import Guide
        from cotam.guidance import RoiGuidance, combine

        parsed = self._parsed(parse or self._on_torch(device))
        sources = [] if self.roi and parsed.is_uniform else [self._with_prompt(parsed.source)]
        if self.roi:
            boxes = [[float(number) for number in box.split(",")] for box in self.roi]
            sources.append(RoiGuidance([(x, y, width, height) for x, y, width, height in boxes]))
        return Guide(combine(*sources), self._level_options(parsed.options))

    @staticmethod
    def _on_torch(device: str | None) -> "Callable[[str], Guide]":
        from cotam.codec.guiding import Guide

        return partial(Guide.parse, tower_options={"device": device} if device else None)

    def _parsed(self, parse: "Callable[[str], Guide]") -> "Guide":
        from cotam.codec.guiding import Guide
        from cotam.guidance import DEFAULT_GUIDANCE, MapGuidance

        if self.is_file and self.source:
            return Guide(MapGuidance(Path(self.source)))
        text = self.source or DEFAULT_GUIDANCE
        if self.layers is not None:
            text += f"{',' if ':' in text else ':'}layers={self.layers.replace(',', '/')}"
        return parse(text)

    def _with_prompt(self, source: "Guidance") -> "Guidance":
        if self.prompt is None:
            return source
        from cotam.guidance import PromptGuidance, TowerGuidance, combine

        if isinstance(source, TowerGuidance):
            return combine(source, PromptGuidance(source.tower, self.prompt, source.hierarchical))
        raise ValueError("--prompt needs --guidance to name one vision tower, without a prompt of its own")

    @property
    def _level_text(self) -> str:
        given = {"grid": self.grid, "k": self.k, "levels": self.levels, "strength": self.strength}
        return ",".join(f"{key}={value}" for key, value in given.items() if value is not None)

    def _level_options(self, options: "LevelOptions | None" = None) -> "LevelOptions":
        """What the options of the level map say, over what the text of the source says."""
        from cotam.codec.guiding import Guide
        from cotam.guidance import LevelOptions

        base = options or LevelOptions()
        if not self._level_text:
            return base
        given = Guide.parse(f"uniform:{self._level_text}").options
        asked = {"grid": self.grid, "k": self.k, "count": self.levels, "strength": self.strength}
        return replace(
            base, **{key: getattr(given, key) for key, value in asked.items() if value is not None}
        )


def chosen_similarity(
    minimum: float | None, tower: str | None, layer: int | None, guidance: str | None
) -> "SimilarityTarget | None":
    """Put the options of rate control by similarity together; the tower is that of the guidance if none is named.

    Raises:
        ValueError: a number out of range, no tower, or a tower or layer without a similarity.
    """
    if minimum is None:
        if tower is not None or layer is not None:
            raise ValueError("--similarity-tower and --similarity-layer need --min-similarity")
        return None
    from cotam.codec.similarity import SimilarityTarget

    choice = GuidanceChoice(guidance)
    if tower is None and guidance and choice.names_a_tower:
        tower = guidance.partition(":")[0]
    if tower is None:
        raise ValueError("--min-similarity needs a vision tower: name one with --similarity-tower")
    return SimilarityTarget(tower, minimum, layer)
