"""``cotam-s`` run by torch, alone or with guidance."""

from dataclasses import dataclass

from cotam.codec import Codec, Guide, load_codec
from cotam.evaluation.memory import peak_memory_of
from cotam.evaluation.methods.cotam import guide_named
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.staged import decode_in_stages, encode_in_stages
from cotam.evaluation.speed.timed_codec import Timed
from cotam.evaluation.synthetic import synthetic_picture
from cotam.evaluation.variations import cpu_settings

QUALITY = 40.0


@dataclass(frozen=True)
class CotamCodec:
    """A `Codec`, timed."""

    codec: Codec
    model: str
    """Name or file of the model, which a process of its own loads anew."""
    guidance: str | None = None
    """As on the command line; None is uniform."""
    guide: Guide | None = None
    runtime: str = "torch"
    compared: bool = True
    most_pixels: int | None = None

    @property
    def name(self) -> str:
        """The codec's name, and its guidance."""
        return self.codec.name + (f"+{self.guidance}" if self.guidance else "")

    @property
    def settings(self) -> str:
        """Weights and quality."""
        return f"model {self.codec.model_id.hex()}, quality {QUALITY:g}, float32 transforms"

    def time(self, pixels: Pixels, threads: int) -> Timed:
        """See `TimedCodec.time`."""
        codec, guide = self.codec, self.guide
        with cpu_settings(threads):
            encode, data = encode_in_stages(
                lambda: codec.analyse(pixels),
                lambda analysis, level_map: codec.encode_analysis(analysis, QUALITY, level_map).data,
                None if guide is None else lambda: guide.level_map(pixels),
            )
            return Timed(encode, decode_in_stages(data, codec.decode_latents, codec.synthesise), len(data))

    def peak_memory(self, width: int, height: int) -> int:
        """See `TimedCodec.peak_memory`."""
        return peak_memory_of(encode_and_decode, self.model, self.guidance, width, height)


def cotam_codecs(model: str, guidance: str | None) -> list[CotamCodec]:
    """The codec alone, and with guidance if it is given.

    Args:
        model: a shipped model's name, or a file of weights.
        guidance: such as ``saliency`` or ``levelvqa``, the embedded MLLM's tower.

    Raises:
        ValueError: the guidance is not known.
        ModelError: model or tower cannot be loaded.
    """
    codec = load_codec(model)
    alone = CotamCodec(codec, model)
    return [alone, CotamCodec(codec, model, guidance, guide_named(guidance))] if guidance else [alone]


def encode_and_decode(model: str, guidance: str | None, width: int, height: int) -> None:
    """Code and decode one picture: a process of its own measures its memory."""
    codec, guide = load_codec(model), guide_named(guidance) if guidance else None
    codec.decode(codec.encode(synthetic_picture(width, height), QUALITY, guidance=guide))
