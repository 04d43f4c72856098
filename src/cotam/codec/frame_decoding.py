"""Records of a sequence's frames to latents, in order."""

import torch

from cotam.bitstream import FrameRecord, StreamHeader, unpadded_payload
from cotam.codec.codec import Codec
from cotam.codec.level_map import LevelMap, read_levels
from cotam.codec.prediction import Reference
from cotam.codec.records import LatentImage
from cotam.codec.steps import step_map
from cotam.codec.temporal import TemporalCodec, load_temporal_codec
from cotam.entropy_coding import FrameReader
from cotam.errors import BitstreamError, ModelError
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import quality_to_step


class FrameDecoder:
    """Decodes the frames of a sequence in order; it remembers the frame before, and nothing else.

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
