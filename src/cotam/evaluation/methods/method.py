"""A method: a codec, and what of its stream the MLLM is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cotam.codec import Codec
from cotam.evaluation.methods.fitting import Fitted, fitting
from cotam.evaluation.rivals.cotam_s import CotamRival
from cotam.evaluation.rivals.rival import Coded, Pixels, Rival

Mode: TypeAlias = Literal["pixels", "adapter", "neck"]
"""What reaches the vision tower: the decoded picture; it and the latents, through an adapter; the latents alone."""

Shown: TypeAlias = Pixels | bytes
"""What the MLLM is given: a picture, uint8 (H, W, 3), in mode ``pixels``, else the stream."""


@dataclass(frozen=True)
class Method:
    """One way from a picture to an answer, as far as the sender and the tower's input are concerned.

    The seam to adapters is `mode` and `adapter`: a method names both, and whoever answers is made for both (see
    `cotam.evaluation.answerers.Answerers`).
    """

    name: str
    """As reports call it."""
    codec: Rival
    """Makes the bytes that are sent."""
    mode: Mode = "pixels"
    """How the MLLM is entered."""
    adapter: str | None = None
    """Which adapter or neck; None is the one that ships for codec and MLLM. Of no meaning in mode ``pixels``."""

    @property
    def lossless(self) -> bool:
        """Whether there is only one rate."""
        return len(self.codec.qualities) == 1

    @property
    def codec_settings(self) -> str:
        """All that decides on the bytes that are sent, rate and picture apart."""
        return f"{self.codec.name}, {self.codec.settings}"

    @property
    def settings(self) -> str:
        """What else fixes the result: the codec's settings, the mode, the adapter's name."""
        if self.mode == "pixels":
            return self.codec.settings
        return f"{self.codec.settings}, {self.mode} {self.adapter or 'as shipped'}"

    def encoder(self, pixels: Pixels) -> Callable[[float], Coded]:
        """Prepare a picture; the result codes it at a quality."""
        return self.codec.encoder(pixels)

    def fitter(self, pixels: Pixels) -> Callable[[int], Fitted]:
        """Prepare a picture; the result codes it in so many bytes at most."""
        return fitting(self.codec, pixels)

    def decode(self, data: bytes) -> Pixels | None:
        """Do what the receiver does before the tower runs.

        Returns:
            The picture; None in mode ``neck``, where there is none and the latents are all that is decoded.
        """
        if self.mode == "neck" and isinstance(self.codec, CotamRival):
            self.codec.codec.decode_latents(data)
            return None
        return self.codec.decode(data)

    def shown(self, data: bytes, decoded: Pixels | None) -> Shown:
        """What the MLLM is given of a stream and what `decode` made of it."""
        return data if self.mode != "pixels" or decoded is None else decoded

    @property
    def stream_codec(self) -> Codec | None:
        """The codec that makes the streams, where the MLLM is given streams."""
        if self.mode == "pixels" or not isinstance(self.codec, CotamRival):
            return None
        return self.codec.codec
