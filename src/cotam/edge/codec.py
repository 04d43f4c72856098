"""A codec that runs without torch: pictures to streams and back on ONNX Runtime or OpenVINO."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.checkpoint.reading import ModelArrays
from cotam.codec.framing import check_decodable, first_frame, still_stream
from cotam.codec.guiding import Guide
from cotam.codec.level_map import LevelMap, read_levels, write_levels
from cotam.codec.rate_control import search_step
from cotam.codec.request import DEFAULT_QUALITY, check_target_bytes
from cotam.edge.guiding import EdgeGuides
from cotam.edge.latents import ArrayCoder
from cotam.edge.networks import Networks
from cotam.edge.quality import Gains, quality_hats, step_map
from cotam.edge.records import ArrayAnalysis, ArrayLatents, edge_padded
from cotam.edge.runtimes import NeedsTorchError
from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.entropy_models.structure import HYPER_STRIDE
from cotam.images import load_image, to_pil
from cotam.models.cotam_s_config import STRIDE
from cotam.ops.integers import ONE
from cotam.ops.quality_scale import STEPS_PER_QUALITY, quality_to_step


class EdgeCodec:
    """A base codec on an edge runtime. Make one with `load_edge_codec`; it may be shared by threads.

    Its streams decode with `cotam.codec.Codec` to the same integers, and the other way round.

    Args:
        model: the model's arrays.
        networks: of the model.
        guides: makes level maps of what `encode` is asked for.
    """

    def __init__(self, model: ModelArrays, networks: Networks, guides: EdgeGuides) -> None:
        self.name, self.model_id = model.card.name, model.model_id
        self.config, self.networks, self.guides = model.config, networks, guides
        self.stride = STRIDE
        self.gains = Gains(model.tensors)
        self.latents = ArrayCoder(model, networks)

    def encode(
        self,
        image: Any,
        quality: float = DEFAULT_QUALITY,
        *,
        guidance: Guide | str | None = None,
        level_map: LevelMap | None = None,
        target_bytes: int | None = None,
        min_similarity: object = None,
        keep_metadata: bool = False,
    ) -> bytes:
        """Encode a picture; arguments and errors as in `cotam.codec.Codec.encode`.

        Raises:
            NeedsTorchError: for ``min_similarity``, guidance by a phrase, or by a tower of another family than CLIP.
        """
        if min_similarity is not None:
            raise NeedsTorchError("min_similarity needs torch (--runtime torch)")
        quality_to_step(quality)
        analysis = self.analyse(image)
        chosen = self.guides.level_map(analysis.source.pixels, guidance, level_map)
        if target_bytes is None:
            return self.encode_analysis(analysis, quality, chosen, keep_metadata=keep_metadata)
        return self.encode_to_size(analysis, target_bytes, chosen, keep_metadata=keep_metadata)

    def analyse(self, image: Any) -> ArrayAnalysis:
        """Run the analysis transform once, for encoding at several rates."""
        source = load_image(image)
        (y,) = self.networks.analysis(pixels=edge_padded(source.pixels, STRIDE, (0, 1)))
        return ArrayAnalysis(y[0], source)

    def encode_analysis(
        self,
        analysis: ArrayAnalysis,
        quality: float = DEFAULT_QUALITY,
        level_map: LevelMap | None = None,
        *,
        keep_metadata: bool = False,
    ) -> bytes:
        """Quantise and entropy-code an analysed picture."""
        step = quality_to_step(quality)
        steps = step_map(step, level_map, *analysis.y.shape[1:])
        y = analysis.y * self.gains(steps)[0]
        writer = FrameWriter()
        write_levels(writer, level_map)
        self.latents.encode(y, self.hyper_latents(y, steps), steps, step, writer)
        return still_stream(
            analysis.source, self.model_id, step, level_map, writer, keep_metadata=keep_metadata
        )

    def hyper_latents(self, y: NDArray[np.float32], steps: NDArray[np.int64]) -> NDArray[np.float32]:
        """Describe gained latents (M, h, w) by hyper-latents (Z, ⌈h/4⌉, ⌈w/4⌉), not rounded."""
        hats = quality_hats(steps, self.config.nodes).astype(np.float32)
        padded, hats = (edge_padded(values, HYPER_STRIDE, (1, 2))[None] for values in (y, hats))
        (z,) = self.networks.hyper_analysis(y=padded, hats=hats)
        return z[0]

    def encode_to_size(
        self,
        analysis: ArrayAnalysis,
        target_bytes: int,
        level_map: LevelMap | None = None,
        *,
        keep_metadata: bool = False,
    ) -> bytes:
        """Encode an analysed picture in at most ``target_bytes``, as close below as eight trials get."""
        height, width = analysis.source.pixels.shape[:2]

        def encode(step: int) -> bytes:
            quality = step / STEPS_PER_QUALITY
            return self.encode_analysis(analysis, quality, level_map, keep_metadata=keep_metadata)

        return search_step(encode, len, check_target_bytes(target_bytes), width * height)[0]

    def decode(self, data: bytes) -> Image.Image:
        """Decode a stream to a picture; errors as in `cotam.codec.Codec.decode`."""
        return self.synthesise(self.decode_latents(data))

    def decode_latents(self, data: bytes) -> ArrayLatents:
        """Decode a stream to latents only: no pixels are made. Errors as in `decode`."""
        header, frame = first_frame(data)
        check_decodable(header, frame, self.model_id, self.name)
        reader = FrameReader(frame.payload)
        level_map = read_levels(reader, frame)
        base = quality_to_step(frame.quality)
        steps = step_map(base, level_map, -(-header.height // STRIDE), -(-header.width // STRIDE))
        values = self.latents.decode(reader, steps, base)
        reader.finish()
        return ArrayLatents(
            y_hat=values.astype(np.float32) * np.float32(1 / ONE) * self.gains(steps)[1],
            latents=values,
            steps=steps,
            width=header.width,
            height=header.height,
            grey=header.grey,
            quality=frame.quality,
            level_map=level_map,
            model_id=self.model_id,
        )

    def decode_latents_batch(self, streams: Iterable[bytes]) -> list[ArrayLatents]:
        """Decode several streams to latents, one after the other."""
        return [self.decode_latents(data) for data in streams]

    def synthesise(self, image: ArrayLatents) -> Image.Image:
        """Run the synthesis transform on decoded latents."""
        hats = quality_hats(image.steps, self.config.nodes).astype(np.float32)
        (pixels,) = self.networks.synthesis(y_hat=image.y_hat[None], hats=hats[None])
        return to_pil(pixels[: image.height, : image.width], image.grey)
