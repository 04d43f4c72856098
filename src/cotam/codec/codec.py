"""The codec: pictures to streams and back, with one model held in memory."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cotam.bitstream import (
    FrameRecord,
    Metadata,
    Stream,
    StreamHeader,
    padded_payload,
    read_stream,
    write_stream,
)
from cotam.checkpoint.loading import LoadedModel
from cotam.codec.latents import FrameSink, LatentCoder
from cotam.codec.level_map import LevelMap, read_levels, write_levels
from cotam.codec.rate_control import search_step
from cotam.codec.records import Analysis, Encoded, LatentImage
from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.errors import ModelError
from cotam.images import LoadedImage, load_image, to_pil
from cotam.images.metadata import EXIF_PREFIX
from cotam.models.cotam_s import pad_to_stride
from cotam.ops.fixed_point import ONE
from cotam.ops.quality import HAT_ONE, STEPS_PER_QUALITY, quality_hats, quality_to_step, shift_steps

DEFAULT_QUALITY = 40.0
MAX_BATCH = 8
"""Pictures that go through the networks together, at most."""


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
        level_map: LevelMap | None = None,
        target_bytes: int | None = None,
        keep_metadata: bool = False,
    ) -> bytes:
        """Encode a picture.

        Args:
            image: a path, bytes of an image file, PIL image or array; transparency is composited on white.
            quality: 1 to 100, larger is better.
            level_map: cells to code finer or coarser; None is uniform.
            target_bytes: size that the stream must not exceed, instead of ``quality``.
            keep_metadata: keep EXIF, ICC profile and XMP (the orientation is always applied).

        Raises:
            ImageError: not a picture.
            ValueError: quality out of range, or ``target_bytes`` too few for this picture.
        """
        return self.encode_batch(
            [image], quality, level_map=level_map, target_bytes=target_bytes, keep_metadata=keep_metadata
        )[0]

    def encode_batch(
        self,
        images: Iterable[Any],
        quality: float = DEFAULT_QUALITY,
        *,
        level_map: LevelMap | None = None,
        target_bytes: int | None = None,
        keep_metadata: bool = False,
    ) -> list[bytes]:
        """Encode several pictures; options as in `encode`."""
        quality_to_step(quality)
        streams = []
        for analysis in self._analyse_all([load_image(image) for image in images]):
            if target_bytes is None:
                encoded = self.encode_analysis(analysis, quality, level_map, keep_metadata=keep_metadata)
            else:
                encoded = self.encode_to_size(analysis, target_bytes, level_map, keep_metadata=keep_metadata)
            streams.append(encoded.data)
        return streams

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
        steps = self._step_map(step, level_map, *analysis.y.shape[-2:])
        writer = FrameWriter()
        write_levels(writer, level_map)
        base = torch.tensor([step], device=self.device)
        sink = FrameSink(self.latents.tables, [writer])
        self.latents.encode(analysis.y[None], steps[None], base, sink)
        source = analysis.source
        height, width = source.pixels.shape[:2]
        metadata = _metadata(source) if keep_metadata else Metadata()
        header = StreamHeader(width, height, self.model_id, source.grey, metadata=metadata)
        payload = padded_payload(writer.to_bytes(), width, height)
        map_header = level_map.header() if level_map is not None else None
        frame = FrameRecord(step / STEPS_PER_QUALITY, map_header, payload)
        return Encoded(write_stream(Stream(header, (frame,))), sink.ideal_bits[0])

    def encode_to_size(
        self,
        analysis: Analysis,
        target_bytes: int,
        level_map: LevelMap | None = None,
        *,
        keep_metadata: bool = False,
    ) -> Encoded:
        """Encode an analysed picture in at most ``target_bytes``, as close below as eight trials get."""
        if isinstance(target_bytes, bool) or not isinstance(target_bytes, int) or target_bytes < 1:
            raise ValueError(f"target_bytes must be a positive whole number, not {target_bytes!r}")
        height, width = analysis.source.pixels.shape[:2]
        return search_step(
            lambda step: self.encode_analysis(
                analysis, step / STEPS_PER_QUALITY, level_map, keep_metadata=keep_metadata
            ),
            lambda encoded: len(encoded.data),
            target_bytes,
            width * height,
        )[0]

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
        parsed = [self._parse(data) for data in streams]
        groups: dict[tuple[int, int], list[int]] = defaultdict(list)
        for position, (header, _) in enumerate(parsed):
            groups[header.height, header.width].append(position)
        images: dict[int, LatentImage] = {}
        for positions in groups.values():
            for start in range(0, len(positions), MAX_BATCH):
                chunk = positions[start : start + MAX_BATCH]
                decoded = self._decode_group([parsed[position] for position in chunk])
                images.update(zip(chunk, decoded, strict=True))
        return [images[position] for position in range(len(parsed))]

    @torch.inference_mode()
    def synthesise(self, image: LatentImage) -> Image.Image:
        """Run the synthesis transform on decoded latents."""
        hats = quality_hats(image.steps[None], self.network.config.nodes) / HAT_ONE
        y_hat = image.y_hat[None].contiguous(memory_format=torch.channels_last)
        with self._transform_precision():
            x_hat = self.network.synthesis(y_hat, hats)[0, :, : image.height, : image.width]
        pixels = ((x_hat.float() + 0.5) * 255).round_().clamp_(0, 255).to(torch.uint8)
        return to_pil(pixels.permute(1, 2, 0).contiguous().cpu().numpy(), image.grey)

    @torch.inference_mode()
    def _analyse_all(self, sources: Sequence[LoadedImage]) -> list[Analysis]:
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for position, source in enumerate(sources):
            groups[source.pixels.shape].append(position)
        found: dict[int, Analysis] = {}
        for positions in groups.values():
            for start in range(0, len(positions), MAX_BATCH):
                chunk = positions[start : start + MAX_BATCH]
                for position, y in zip(chunk, self._analyse_group([sources[i] for i in chunk]), strict=True):
                    found[position] = Analysis(y, sources[position])
        return [found[position] for position in range(len(sources))]

    def _analyse_group(self, sources: Sequence[LoadedImage]) -> Tensor:
        pixels = torch.from_numpy(np.stack([source.pixels for source in sources])).to(self.device)
        x = pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255).sub_(0.5)
        x = pad_to_stride(x, self.stride).contiguous(memory_format=torch.channels_last)
        with self._transform_precision():
            return self.network.analysis(x).float()

    @torch.inference_mode()
    def _decode_group(self, frames: Sequence[tuple[StreamHeader, FrameRecord]]) -> list[LatentImage]:
        header = frames[0][0]
        rows, columns = -(-header.height // self.stride), -(-header.width // self.stride)
        readers = [FrameReader(frame.payload) for _, frame in frames]
        maps = [read_levels(reader, frame) for reader, (_, frame) in zip(readers, frames, strict=True)]
        base = [quality_to_step(frame.quality) for _, frame in frames]
        steps = torch.stack([self._step_map(q, m, rows, columns) for q, m in zip(base, maps, strict=True)])
        values = self.latents.decode(readers, steps, torch.tensor(base, device=self.device))
        for reader in readers:
            reader.finish()
        inverse = self.network.gains(quality_hats(steps, self.network.config.nodes))[1]
        y_hat = (values / ONE).float() * inverse
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

    def _parse(self, data: bytes) -> tuple[StreamHeader, FrameRecord]:
        stream = read_stream(data)
        if stream.header.model_id != self.model_id:
            raise ModelError(
                f"the stream was made with model {stream.header.model_id.hex()}, "
                f"this codec is {self.name} ({self.model_id.hex()})"
            )
        return stream.header, stream.frames[0]

    def _step_map(self, step: int, level_map: LevelMap | None, rows: int, columns: int) -> Tensor:
        if level_map is None:
            return torch.full((rows, columns), step, device=self.device)
        levels = torch.from_numpy(level_map.cells(rows, columns).copy()).to(self.device)
        return shift_steps(step, levels, round(level_map.strength * STEPS_PER_QUALITY))

    def _transform_precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)


def _metadata(source: LoadedImage) -> Metadata:
    """A picture's metadata as a stream holds it: EXIF without the prefix that Pillow puts before it."""
    exif = None if source.exif is None else source.exif.removeprefix(EXIF_PREFIX)
    return Metadata(exif, source.icc, source.xmp)
