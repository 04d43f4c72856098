"""``cotam-s`` itself, alone or with guidance: real streams, read back from their bytes alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cotam.codec import Codec, Guide, load_codec
from cotam.evaluation.rivals.rival import Coded, Pixels

QUALITIES = (1.0, *map(float, range(5, 101, 5)))


@dataclass(frozen=True)
class CotamRival:
    """A `Codec` as a rival."""

    codec: Codec
    name: str = "cotam-s"
    qualities: tuple[float, ...] = QUALITIES
    guide: Guide | None = None
    """Makes a level map of each picture; None is uniform."""
    guidance: str | None = None
    """What to call the guidance where its own name is not for reports."""

    @property
    def settings(self) -> str:
        """The weights, by the id that the streams carry, and the guidance."""
        weights = f"model {self.codec.model_id.hex()}"
        return weights if self.guide is None else f"{weights}, guidance {self.guidance or self.guide.name}"

    def encoder(self, pixels: Pixels) -> Callable[[float], Coded]:
        """Transform the picture and make its level map once; every quality starts from there."""
        analysis = self.codec.analyse(pixels)
        level_map = None if self.guide is None else self.guide.level_map(pixels)

        def encode(quality: float) -> Coded:
            encoded = self.codec.encode_analysis(analysis, quality, level_map)
            return Coded(encoded.data, encoded.ideal_bits if level_map is None else None)

        return encode

    def decode(self, data: bytes) -> Pixels:
        """Decode the stream."""
        return np.asarray(self.codec.decode(data).convert("RGB"))


def cotam_s(model: str, guidance: str | None = None) -> CotamRival:
    """The rival ``cotam-s``, or ``cotam-s+GUIDANCE``, an ablation.

    With guidance no ideal size is told, since what the report says of it is about the codec by itself.

    Args:
        model: a shipped model's name, or a file of weights.
        guidance: such as ``saliency:grid=16``, as `cotam.guidance.parse_guidance` reads it.

    Raises:
        ValueError: the guidance is not known.
        ModelError: model or tower cannot be loaded.
    """
    if guidance is None:
        return CotamRival(load_codec(model))
    return CotamRival(load_codec(model), f"cotam-s+{guidance}", guide=Guide.parse(guidance))
