"""The codec: pictures to streams and back, with one model held in memory."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from cotam.bitstream import FrameRecord, StreamHeader
from cotam.checkpoint.loading import LoadedModel
from cotam.codec.framing import check_decodable, first_frame, still_stream
from cotam.codec.grouping import in_groups
from cotam.codec.guiding import Guide
from cotam.codec.latents import FrameSink, LatentCoder
from cotam.codec.level_map import LevelMap, read_levels, write_levels
from cotam.codec.rate_control import search_step
from cotam.codec.records import Analysis, Encoded, LatentImage
from cotam.codec.request import DEFAULT_QUALITY, EncodingRequest, check_target_bytes
from cotam.codec.similarity import SimilarityTarget, TokenSimilarity, search_similarity
from cotam.codec.steps import step_map
from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.images import LoadedImage, load_image, to_pil
from cotam.models.cotam_s import pad_to_stride
from cotam.models.cotam_s_config import PATCH
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import HAT_ONE, STEPS_PER_QUALITY, quality_to_step


class Codec:
    """A base codec in memory. Make one with `load_codec`; it may be shared by threads.

    Args:
        model: loaded model.
        device: where the networks run; the coded values do not depend on it.
        dtype: ``float32``, or ``bfloat16`` for faster, slightly coarser transforms (the entropy model stays exact).
    """

    def __init__(self, model: LoadedModel, device: torch.device, dtype: torch.dtype) -> None:
        self.name, self.model_id = model.card.name, model.model_id
        self.device, self.dtype = device, dtype
        self.network = model.network.to(device)
        self.stride = self.network.stride
        self.latents = LatentCoder(self.network, model.tables)

    def encode(
        self,
        image: Any,
        quality: float = DEFAULT_QUALITY,
        *,
        guidance: Guide | str | None = None,
        level_map: LevelMap | None = None,
        target_bytes: int | None = None,
        min_similarity: SimilarityTarget | None = None,
        keep_metadata: bool = False,
    ) -> bytes:
        """Encode a picture.

        Args:
            image: a path, bytes of an image file, PIL image or array; transparency is composited on white.
            quality: 1 to 100, larger is better.
            guidance: where in the picture the bits go, such as "saliency" or "clip:layers=0-2"; None is uniform.
            level_map: cells to code finer or coarser, instead of ``guidance``.
            target_bytes: size that the stream must not exceed, instead of ``quality``.
            min_similarity: how close a tower's tokens must stay, instead of ``quality``.
            keep_metadata: keep EXIF, ICC profile and XMP (the orientation is always applied).

        Raises:
            ImageError: not a picture.
            ModelError: a tower cannot be loaded.
            ValueError: an option out of range, two that exclude each other, or a target out of reach.
        """
        request = EncodingRequest(quality, level_map, guidance, target_bytes, min_similarity, keep_metadata)
        return self._encode_all([image], request)[0]

    def encode_batch(
        self, images: Iterable[Any], quality: float = DEFAULT_QUALITY, **options: Any
    ) -> list[bytes]:
        """Encode several pictures; options as in `encode`."""
        return self._encode_all(images, EncodingRequest(quality, **options))

    def _encode_all(self, images: Iterable[Any], request: EncodingRequest) -> list[bytes]:
        analyses = self._analyse_all([load_image(image) for image in images])
        return [self._encode_one(analysis, request).data for analysis in analyses]

    def _encode_one(self, analysis: Analysis, request: EncodingRequest) -> Encoded:
        level_map, keep = request.level_map_of(analysis), request.keep_metadata
        if request.target_bytes is not None:
            return self.encode_to_size(analysis, request.target_bytes, level_map, keep_metadata=keep)
        if request.min_similarity is not None:
            return self.encode_to_similarity(analysis, request.min_similarity, level_map, keep_metadata=keep)
        return self.encode_analysis(analysis, request.quality, level_map, keep_metadata=keep)

    def analyse(self, image: Any) -> Analysis:
        """Run the analysis transform once, for encoding at several rates."""
        return self._analyse_all([load_image(image)])[0]

    @torch.inference_mode()
    def encode_analysis(
        self,
        analysis: Analysis,
        quality: float = DEFAULT_QUALITY,
        level_map: LevelMap | None = None,
        *,
        keep_metadata: bool = False,
    ) -> Encoded:
        """Quantise and entropy-code an analysed picture."""
        step = quality_to_step(quality)
        steps = step_map(step, level_map, *analysis.y.shape[-2:], device=self.device)
        writer = FrameWriter()
        write_levels(writer, level_map)
        base = torch.tensor([step], device=self.device)
        sink = FrameSink(self.latents.tables, [writer])
        self.latents.encode(analysis.y[None], steps[None], base, sink)
        data = still_stream(
            analysis.source, self.model_id, step, level_map, writer, keep_metadata=keep_metadata
        )
        return Encoded(data, partial(sink.ideal_bits, 0))

    def encode_to_size(
        self,
        analysis: Analysis,
        target_bytes: int,
        level_map: LevelMap | None = None,
        *,
        keep_metadata: bool = False,
    ) -> Encoded:
        """Encode an analysed picture in at most ``target_bytes``, as close below as eight trials get."""
        check_target_bytes(target_bytes)
        height, width = analysis.source.pixels.shape[:2]
        encode = self._at_step(analysis, level_map, keep_metadata)
        return search_step(encode, lambda encoded: len(encoded.data), target_bytes, width * height)[0]

    def encode_to_similarity(
        self,
        analysis: Analysis,
        target: SimilarityTarget,
        level_map: LevelMap | None = None,
        *,
        keep_metadata: bool = False,
    ) -> Encoded:
        """Encode an analysed picture at the lowest quality whose decoded picture is similar enough."""
        similarity = TokenSimilarity(target, analysis.source.pixels)
        encode = self._at_step(analysis, level_map, keep_metadata)
        return search_similarity(
            encode,
            lambda encoded: similarity(np.asarray(self.decode(encoded.data).convert("RGB"))),
            target.minimum,
        )[0]

    def _at_step(
        self, analysis: Analysis, level_map: LevelMap | None, keep_metadata: bool
    ) -> Callable[[int], Encoded]:
        return lambda step: self.encode_analysis(
            analysis, step / STEPS_PER_QUALITY, level_map, keep_metadata=keep_metadata
        )

    def decode(self, data: bytes) -> Image.Image:
        """Decode a stream to a picture: mode RGB, or L where the source was grey; of a sequence, the first frame.

        Raises:
            BitstreamError: the bytes are no valid stream.
            ModelError: the stream was made with another model.
        """
        return self.decode_batch([data])[0]

    def decode_batch(self, streams: Iterable[bytes]) -> list[Image.Image]:
        """Decode several streams; those of one size go through the networks together."""
        return [self.synthesise(latents) for latents in self.decode_latents_batch(streams)]

    def decode_latents(self, data: bytes) -> LatentImage:
        """Decode a stream to latents only: no pixels are made. Errors as in `decode`."""
        return self.decode_latents_batch([data])[0]

    def decode_latents_batch(self, streams: Iterable[bytes]) -> list[LatentImage]:
        """Decode several streams to latents; those of one size go through the networks together."""
        return self.decode_frames([first_frame(data) for data in streams])

    def decode_frames(self, frames: Sequence[tuple[StreamHeader, FrameRecord]]) -> list[LatentImage]:
        """Decode frames, each with the header of its stream, to latents.

        Raises:
            BitstreamError: a payload is damaged.
            ModelError: a stream was made with another model, or a frame is predicted from the one before it.
        """
        for header, frame in frames:
            check_decodable(header, frame, self.model_id, self.name)
        return in_groups(frames, lambda frame: (frame[0].height, frame[0].width), self._decode_group)

    @torch.inference_mode()
    def synthesise(self, image: LatentImage) -> Image.Image:
        """Run the synthesis transform on decoded latents."""
        hats = quality_hats(image.steps[None], self.network.config.nodes) / HAT_ONE
        y_hat = image.y_hat[None].contiguous(memory_format=torch.channels_last)
        with self._transform_precision():
            patches = self.network.synthesis.patches(y_hat, hats)
        samples = patches.float().add_(0.5).mul_(255).round_().clamp_(0, 255).to(torch.uint8)
        pixels = F.pixel_shuffle(samples, PATCH)[0, :, : image.height, : image.width]
        return to_pil(pixels.permute(1, 2, 0).contiguous().cpu().numpy(), image.grey)

    @torch.inference_mode()
    def _analyse_all(self, sources: Sequence[LoadedImage]) -> list[Analysis]:
        return in_groups(sources, lambda source: source.pixels.shape, self._analyse_group)

    def _analyse_group(self, sources: Sequence[LoadedImage]) -> list[Analysis]:
        pixels = torch.from_numpy(np.stack([source.pixels for source in sources])).to(self.device)
        x = pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255).sub_(0.5)
        x = pad_to_stride(x, self.stride).contiguous(memory_format=torch.channels_last)
        with self._transform_precision():
            latents = self.network.analysis(x).float()
        return [Analysis(y, source) for y, source in zip(latents, sources, strict=True)]

    @torch.inference_mode()
    def _decode_group(self, frames: Sequence[tuple[StreamHeader, FrameRecord]]) -> list[LatentImage]:
        header = frames[0][0]
        rows, columns = -(-header.height // self.stride), -(-header.width // self.stride)
        readers = [FrameReader(frame.payload) for _, frame in frames]
        maps = [read_levels(reader, frame) for reader, (_, frame) in zip(readers, frames, strict=True)]
        base = [quality_to_step(frame.quality) for _, frame in frames]
        steps = torch.stack(
            [step_map(q, m, rows, columns, device=self.device) for q, m in zip(base, maps, strict=True)]
        )
        values = self.latents.decode(readers, steps, torch.tensor(base, device=self.device))
        for reader in readers:
            reader.finish()
        inverse = self.network.gains(quality_hats(steps, self.network.config.nodes))[1]
        y_hat = values.float().div_(ONE).mul_(inverse)
        return [
            LatentImage(
                y_hat=y_hat[n],
                latents=values[n].to(torch.int64),
                steps=steps[n],
                width=header.width,
                height=header.height,
                grey=frames[n][0].grey,
                quality=frames[n][1].quality,
                level_map=maps[n],
                model_id=self.model_id,
            )
            for n in range(len(frames))
        ]

    def _transform_precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)
