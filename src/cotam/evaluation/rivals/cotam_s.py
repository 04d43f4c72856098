"""``cotam-s`` itself: real streams, read back from their bytes alone."""

from collections.abc import Callable
from dataclasses import dataclass

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


def cotam_s(model: str) -> CotamRival:
    """The rival ``cotam-s``, by its shipped model's name or by a file of weights."""
    return CotamRival(load_codec(model))
