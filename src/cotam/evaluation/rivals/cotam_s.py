"""``cotam-s`` itself: real streams, read back from their bytes alone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cotam.codec import Codec, load_codec
from cotam.evaluation.rivals.rival import Coded, Pixels

QUALITIES = (1.0, *map(float, range(5, 101, 5)))


@dataclass(frozen=True)
class CotamRival:
    """A `Codec` as a rival."""

    codec: Codec
    name: str = "cotam-s"
    qualities: tuple[float, ...] = QUALITIES

    @property
    def settings(self) -> str:
        """The weights, by the id that the streams carry."""
        return f"model {self.codec.model_id.hex()}"

    def encoder(self, pixels: Pixels) -> Callable[[float], Coded]:
        """Transform the picture once; every quality starts from there."""
        analysis = self.codec.analyse(pixels)

        def encode(quality: float) -> Coded:
            encoded = self.codec.encode_analysis(analysis, quality, None)
            return Coded(encoded.data, encoded.ideal_bits)

        return encode

    def decode(self, data: bytes) -> Pixels:
        """Decode the stream."""
        return np.asarray(self.codec.decode(data).convert("RGB"))


def cotam_s(model: Path | None) -> CotamRival:
    """The rival ``cotam-s`` with the shipped weights, or those of a file."""
    return CotamRival(load_codec(str(model) if model else "cotam-s"))
