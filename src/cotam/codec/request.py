"""What an encoder is asked for beside the picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from cotam.codec.guiding import Guide
from cotam.codec.level_map import LevelMap
from cotam.guidance.naming import DEFAULT_GUIDANCE
from cotam.ops.quality_scale import quality_to_step

if TYPE_CHECKING:
    from cotam.codec.records import Analysis
    from cotam.codec.similarity import SimilarityTarget

DEFAULT_QUALITY = 40.0


@dataclass(frozen=True)
class EncodingRequest:
    """The options of `Codec.encode`, checked together."""

    quality: float = DEFAULT_QUALITY
    """1 to 100; of no effect where a target is given."""
    level_map: LevelMap | None = None
    """The level map itself, or else ``guidance``."""
    guidance: Guide | str | None = None
    """What makes a level map of each picture; None is `cotam.guidance.DEFAULT_GUIDANCE`."""
    target_bytes: int | None = None
    """Bytes not to exceed."""
    min_similarity: Optional["SimilarityTarget"] = None
    """How alike a tower's tokens must be."""
    keep_metadata: bool = False
    """Whether metadata go into the stream."""

    def __post_init__(self) -> None:
        """Refuse options that exclude each other, and a quality out of range."""
        quality_to_step(self.quality)
        if self.level_map is not None and self.guidance is not None:
            raise ValueError("level_map and guidance exclude each other: give one")
        if self.target_bytes is not None and self.min_similarity is not None:
            raise ValueError("target_bytes and min_similarity exclude each other: give one")

    def level_map_of(self, analysis: "Analysis") -> LevelMap | None:
        """The level map of one picture; errors as in `Guide.parse` and `Guide.level_map`."""
        if self.level_map is not None:
            return self.level_map
        wanted = DEFAULT_GUIDANCE if self.guidance is None else self.guidance
        guide = wanted if isinstance(wanted, Guide) else Guide.parse(wanted)
        return guide.level_map(analysis.source.pixels)


def check_target_bytes(target_bytes: int) -> int:
    """Return the number of bytes not to exceed.

    Raises:
        ValueError: it is no positive whole number.
    """
    if isinstance(target_bytes, bool) or not isinstance(target_bytes, int) or target_bytes < 1:
        raise ValueError(f"target_bytes must be a positive whole number, not {target_bytes!r}")
    return target_bytes
