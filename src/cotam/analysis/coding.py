"""A picture's coded versions: every codec at every quality, or at every rate."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cotam.analysis.rate_matching import SizeSearch
from cotam.errors import CotamError, ImageError
from cotam.evaluation.rivals import Coded, Pixels, Rival


@dataclass(frozen=True)
class CodingPlan:
    """What pictures are coded with; all codecs have the same settings.

    Args:
        rivals: the codecs.
        kind: what the settings are: "quality", or "bpp", bits per pixel that each picture is brought to.
        settings: rising.
    """

    rivals: tuple[Rival, ...]
    kind: Literal["quality", "bpp"]
    settings: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be coded.

        Raises:
            ValueError: no codec, no setting, or one out of range.
        """
        if not self.rivals or not self.settings:
            raise ValueError("an analysis needs a codec and a quality or rate")
        least, most, name = (1, 100, "qualities") if self.kind == "quality" else (0.001, 24, "bpp")
        for setting in self.settings:
            if not least <= setting <= most:
                raise ValueError(f"{name} must be from {least} to {most}, not {setting:g}")

    @property
    def codecs(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(rival.name for rival in self.rivals)

    @property
    def identity(self) -> str:
        """Changes with everything that the coded pictures depend on."""
        codecs = [f"{rival.name}: {rival.settings}" for rival in self.rivals]
        return hashlib.sha256(repr((codecs, self.kind, self.settings)).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Version:
    """A picture coded by one codec at one setting."""

    codec: int
    """Number of the codec in the plan."""
    setting: int
    """Number of the setting."""
    quality: float
    bpp: float
    """8 · bytes of the whole file / pixels."""
    pixels: Pixels
    """Decoded."""


def code_versions(plan: CodingPlan, name: str, pixels: Pixels) -> list[Version]:
    """Code and decode a picture in all ways of a plan; rates that a codec cannot reach are left out.

    Raises:
        ImageError: a codec cannot code this picture.
    """
    versions = []
    for number, rival in enumerate(plan.rivals):
        try:
            versions += list(_versions_of(plan, number, rival, pixels))
        except (OSError, ValueError, CotamError) as error:
            raise ImageError(f"{name}: {rival.name} cannot code it ({error})") from error
    return versions


def code_once(rival: Rival, pixels: Pixels, quality: float) -> Pixels:
    """What one codec makes of a picture at one quality."""
    return rival.decode(rival.encoder(pixels)(quality).data)


def _versions_of(plan: CodingPlan, number: int, rival: Rival, pixels: Pixels) -> Iterator[Version]:
    encode = rival.encoder(pixels)
    trials: dict[float, Coded] = {}

    def coded(quality: float) -> Coded:
        if quality not in trials:
            trials[quality] = encode(quality)
        return trials[quality]

    area = pixels.shape[0] * pixels.shape[1]
    qualities: Sequence[float | None] = plan.settings
    if plan.kind == "bpp":
        qualities = _matched(rival, coded, [bpp * area / 8 for bpp in plan.settings])
    for setting, quality in enumerate(qualities):
        if quality is not None:
            data = coded(quality).data
            yield Version(number, setting, quality, 8 * len(data) / area, rival.decode(data))


def _matched(rival: Rival, coded: Callable[[float], Coded], targets: Sequence[float]) -> list[float | None]:
    """The quality of each target in bytes."""
    low, high = round(rival.qualities[0]), round(rival.qualities[-1])
    search = SizeSearch(lambda quality: len(coded(float(quality)).data), low, high)
    found = [search.nearest(target) for target in targets]
    return [None if quality is None else float(quality) for quality in found]
