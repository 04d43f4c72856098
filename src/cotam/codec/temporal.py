"""Sequences whose frames are predicted from one another: frames to records and back, in order.

A frame's record is made or read by an object that remembers the frame before it, and nothing else.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from cotam.bitstream import FrameRecord, StreamHeader, padded_payload, unpadded_payload
from cotam.checkpoint.temporal import LoadedTemporal, load_temporal
from cotam.checkpoint.temporal_cards import temporal_for
from cotam.codec.codec import Codec
from cotam.codec.latents import FrameSink
from cotam.codec.level_map import LevelMap, read_levels, write_levels
from cotam.codec.predicted import PredictedCoder
from cotam.codec.prediction import Reference
from cotam.codec.records import Analysis, LatentImage
from cotam.codec.request import DEFAULT_QUALITY
from cotam.codec.steps import step_map
from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.entropy_models.temporal import INTRA
from cotam.errors import BitstreamError, ModelError
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import STEPS_PER_QUALITY, quality_to_step

CHECK_BYTES = 2
"""Leading bytes of the networks' id that check predicted frames."""
KEY_INTERVAL = 50
"""Frames from one key frame to the next, where nothing else asks for one."""
ALONE_SHARE = 0.2
"""Where more than this share of a predicted frame's cells does without the frame before, a key frame is tried too."""


class TemporalCodec:
    """A base codec with networks of predicted frames; make one with `load_temporal_codec`.

    Args:
        codec: the base codec.
        temporal: networks that were made for it.

    Raises:
        ModelError: they were made for another base model.
    """

    def __init__(self, codec: Codec, temporal: LoadedTemporal) -> None:
        if temporal.card.base_id != codec.model_id.hex():
            raise ModelError(
                f"{temporal.card.name}: made for model {temporal.card.base_id}, "
                f"this codec is {codec.name} ({codec.model_id.hex()})"
            )
        self.codec, self.card = codec, temporal.card
        self.check = int(temporal.card.temporal_id[: 2 * CHECK_BYTES], 16)
        """Where the coder of predicted frames starts and ends: other networks than the writer's do not get there."""
        networks = temporal.networks.to(codec.device)
        self.coder = PredictedCoder(codec.network, networks, codec.latents.tables)


def load_temporal_codec(codec: Codec, name: str | Path | None = None) -> TemporalCodec:
    """Give a codec the networks of predicted frames that ship for it, or those of a file.

    Raises:
        ModelError: there are none, or they are damaged or another model's.
    """
    return TemporalCodec(codec, load_temporal(name or temporal_for(codec.name, codec.model_id).path))


@dataclass(frozen=True)
class _Coded:
    """A coded frame: its record and its latents, int64-valued float64 (M, h, w)."""

    record: FrameRecord
    reference: Reference
    alone: float = 1.0
    """Share of the cells that are coded without the frame before."""


class FrameEncoder:
    """Codes the frames of a sequence in order.

    Args:
        temporal: the codec.
        key_interval: at least every how manyeth frame is a key frame; 1 makes all of them key frames.

    Raises:
        ValueError: the interval is below 1.
    """

    def __init__(self, temporal: TemporalCodec, key_interval: int = KEY_INTERVAL) -> None:
        if key_interval < 1:
            raise ValueError(f"key_interval must be at least 1, not {key_interval}")
        self.temporal, self.codec, self.key_interval = temporal, temporal.codec, key_interval
        self._before: Reference | None = None
        self._since_key = 0

    def forget(self) -> None:
        """The last frame did not get where it should: the next one is a key frame."""
        self._before = None

    @torch.inference_mode()
    def encode(
        self,
        analysis: Analysis,
        quality: float = DEFAULT_QUALITY,
        level_map: LevelMap | None = None,
        *,
        timestamp_ms: int = 0,
        key: bool = False,
    ) -> FrameRecord:
        """Code the next frame.

        Args:
            analysis: of the frame, from `Codec.analyse`; all frames have one size.
            quality: 1 to 100.
            level_map: cells to code finer or coarser.
            timestamp_ms: time since the start of the sequence.
            key: make it a key frame.
        """
        step = quality_to_step(quality)
        steps = step_map(step, level_map, *analysis.y.shape[-2:], device=self.codec.device)
        before = self._before
        if key or before is None or self._since_key >= self.key_interval - 1:
            return self._keep(self._key(analysis, step, steps, level_map, timestamp_ms))
        if before.values.shape != analysis.y.shape:
            raise ValueError("all frames of a sequence must have one size")
        coded = self._predicted(analysis, step, steps, level_map, timestamp_ms, before)
        if coded.alone > ALONE_SHARE:
            key_frame = self._key(analysis, step, steps, level_map, timestamp_ms)
            if len(key_frame.record.payload) <= len(coded.record.payload):
                coded = key_frame
        return self._keep(coded)

    def _keep(self, coded: _Coded) -> FrameRecord:
        self._before = coded.reference
        self._since_key = self._since_key + 1 if coded.record.predicted else 0
        return coded.record

    def _key(
        self,
        analysis: Analysis,
        step: int,
        steps: torch.Tensor,
        level_map: LevelMap | None,
        timestamp_ms: int,
    ) -> _Coded:
        writer, latents = FrameWriter(), self.codec.latents
        write_levels(writer, level_map)
        base = torch.tensor([step], device=self.codec.device)
        values = latents.encode(analysis.y[None], steps[None], base, FrameSink(latents.tables, [writer]))[0]
        record = _record(analysis, step, level_map, writer, timestamp_ms)
        return _Coded(record, Reference(values, steps))

    def _predicted(
        self,
        analysis: Analysis,
        step: int,
        steps: torch.Tensor,
        level_map: LevelMap | None,
        timestamp_ms: int,
        before: Reference,
    ) -> _Coded:
        writer = FrameWriter()
        write_levels(writer, level_map)
        values, modes = self.temporal.coder.encode(analysis.y, steps, step, before, writer)
        record = _record(analysis, step, level_map, writer, timestamp_ms, self.temporal.check)
        return _Coded(record, Reference(values, steps), float((modes == INTRA).float().mean()))


class FrameDecoder:
    """Decodes the frames of a sequence in order.

    Args:
        codec: the base codec.
        header: of the sequence.
        temporal: the codec with networks of predicted frames; by default those that ship, once a frame needs them.

    Raises:
        ModelError: the sequence was made with another model.
    """

    def __init__(self, codec: Codec, header: StreamHeader, temporal: TemporalCodec | None = None) -> None:
        if header.model_id != codec.model_id:
            raise ModelError(
                f"the sequence was made with model {header.model_id.hex()}, "
                f"this codec is {codec.name} ({codec.model_id.hex()})"
            )
        self.codec, self.header, self._temporal = codec, header, temporal
        self._before: Reference | None = None

    @property
    def temporal(self) -> TemporalCodec:
        """What decodes predicted frames."""
        if self._temporal is None:
            self._temporal = load_temporal_codec(self.codec)
        return self._temporal

    def forget(self) -> None:
        """A frame was lost or passed over: the next one that can be decoded is a key frame."""
        self._before = None

    @torch.inference_mode()
    def decode(self, frame: FrameRecord) -> LatentImage:
        """Decode the next frame to latents; `Codec.synthesise` makes a picture of them.

        Raises:
            BitstreamError: the frame is damaged, or predicted from one that was not decoded; all frames up to the
                next key frame are lost then.
            ModelError: it is predicted, and no networks of predicted frames ship for the model.
        """
        before, self._before = self._before, None
        if frame.predicted and before is None:
            raise BitstreamError(
                "a predicted frame whose frame before was not decoded: go on at the next key frame"
            )
        rows, columns = (-(-side // self.codec.stride) for side in (self.header.height, self.header.width))
        reader, check = FrameReader(frame.payload), 0
        level_map, step = read_levels(reader, frame), quality_to_step(frame.quality)
        steps = step_map(step, level_map, rows, columns, device=self.codec.device)
        if before is None or not frame.predicted:
            base = torch.tensor([step], device=self.codec.device)
            values = self.codec.latents.decode([reader], steps[None], base)[0]
        elif unpadded_payload(frame.payload):
            values, check = self.temporal.coder.decode(reader, steps, step, before), self.temporal.check
        else:  # nothing is coded: the frame before, whole
            values = self.temporal.coder.predictor.unchanged(before, steps)
        reader.finish(check)
        self._before = Reference(values, steps)
        return self._latent_image(frame, values, steps, level_map)

    def _latent_image(
        self, frame: FrameRecord, values: torch.Tensor, steps: torch.Tensor, level_map: LevelMap | None
    ) -> LatentImage:
        inverse = self.codec.network.gains(quality_hats(steps[None], self.codec.network.config.nodes))[1]
        return LatentImage(
            y_hat=(values.float().div_(ONE) * inverse[0]),
            latents=values.to(torch.int64),
            steps=steps,
            width=self.header.width,
            height=self.header.height,
            grey=self.header.grey,
            quality=frame.quality,
            level_map=level_map,
            model_id=self.codec.model_id,
        )


def _record(
    analysis: Analysis,
    step: int,
    level_map: LevelMap | None,
    writer: FrameWriter,
    timestamp_ms: int,
    check: int | None = None,
) -> FrameRecord:
    """The record of a frame; with a check, of a predicted one, whose payload is empty where nothing is coded."""
    height, width = analysis.source.pixels.shape[:2]
    predicted, payload = check is not None, writer.to_bytes()
    if check and payload:
        payload = writer.to_bytes(check)
    payload = padded_payload(payload, width, height, predicted=predicted)
    header = level_map.header() if level_map is not None else None
    return FrameRecord(step / STEPS_PER_QUALITY, header, payload, timestamp_ms, predicted)
