"""Sequences in conversations: every frame is a picture of its own, through pixels or an adapter."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from cotam.adapters import LatentAdapter, LatentAdapterConfig
from cotam.bitstream import FrameRecord, Stream, StreamHeader, read_stream, write_stream
from cotam.checkpoint import AdapterCard, CodecIdentity, LoadedAdapter, tower_identity
from cotam.codec import Codec
from cotam.errors import BitstreamError
from cotam.mllm import Mllm
from cotam.mllm import work as module
from cotam.mllm.conversation import conversation_of, question_about
from cotam.mllm.embedding import pad_left
from cotam.mllm.pictures import StreamFrame
from cotam.video import encode

QUESTION = "how many stars are there?"


@pytest.fixture(scope="session")
def frames(photos: list[Image.Image]) -> list[Image.Image]:
    """Four pictures of one size."""
    return [photos[0].rotate(90 * turn).resize((64, 48)) for turn in range(4)]


@pytest.fixture(scope="session")
def sequence(random_codec: Codec, frames: list[Image.Image]) -> bytes:
    """They in one stream."""
    file = io.BytesIO()
    encode(frames, file, 60, codec=random_codec)
    return file.getvalue()


@pytest.fixture(scope="session")
def stills(random_codec: Codec, frames: list[Image.Image]) -> list[bytes]:
    """They in streams of their own."""
    return [random_codec.encode(frame, 60) for frame in frames]


def prompt(model: Mllm, images: Any, monkeypatch: pytest.MonkeyPatch, **options: Any) -> torch.Tensor:
    """What the language model is given."""
    seen: list[torch.Tensor] = []

    def spy(embedded: list[torch.Tensor]) -> Any:
        seen.append(embedded[0].clone())
        return pad_left(embedded)

    with monkeypatch.context() as patch:
        patch.setattr(module, "pad_left", spy)
        model.answer(images, QUESTION, max_new_tokens=1, **options)
    return seen[0]


def with_codec(model: Mllm, codec: Codec, *, adapter: bool) -> Mllm:
    """The model for streams of a codec, with an adapter of random weights if asked for."""
    if not adapter:
        return Mllm(model.name, model.model, model.processor, (), codec)
    tower = tower_identity("small", model.model.get_encoder(modality="image"))
    config = LatentAdapterConfig(
        latents=codec.network.config.latents, width=tower.width, grid=tower.grid, heads=2, conditioning="none"
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        network = LatentAdapter(config)
        network.out.weight.normal_(std=0.3)
    made_for = CodecIdentity(codec.name, codec.model_id.hex())
    loaded = LoadedAdapter(network.eval(), AdapterCard("some", "adapter", made_for, tower, config.to_dict()))
    return Mllm(model.name, model.model, model.processor, [loaded], codec)


@pytest.mark.parametrize("adapter", [False, True])
@pytest.mark.parametrize("family", ["llava", "llava_onevision"])
def test_a_sequence_is_its_frames_one_after_the_other(
    mllm: Callable[[str], Mllm],
    random_codec: Codec,
    sequence: bytes,
    stills: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    family: str,
    adapter: bool,
) -> None:
    model = with_codec(mllm(family), random_codec, adapter=adapter)
    whole = prompt(model, sequence, monkeypatch)
    assert torch.equal(whole, prompt(model, stills, monkeypatch))
    if adapter:
        assert not torch.equal(whole, prompt(model, sequence, monkeypatch, mode="pixels"))
    ends = prompt(model, sequence, monkeypatch, num_frames=2)
    assert torch.equal(ends, prompt(model, [stills[0], stills[3]], monkeypatch))


def test_a_model_that_handles_pictures_itself_takes_the_frames_as_pixels(
    mllm: Callable[[str], Mllm],
    random_codec: Codec,
    sequence: bytes,
    stills: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = with_codec(mllm("qwen2_5_vl"), random_codec, adapter=False)
    taken: list[dict[str, Any]] = []
    generate = model.model.generate
    monkeypatch.setattr(
        model.model, "generate", lambda **inputs: taken.append(inputs) or generate(**inputs), raising=False
    )
    for images in (sequence, stills, stills[:1]):
        model.answer(images, QUESTION, max_new_tokens=2)
    assert len(taken[0]["image_grid_thw"]) == 4
    for name in ("input_ids", "pixel_values", "image_grid_thw"):
        assert torch.equal(taken[0][name], taken[1][name])
    assert taken[0]["input_ids"].shape[1] > taken[2]["input_ids"].shape[1]


def test_files_and_messages_hold_sequences_too(sequence: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.cotam"
    path.write_bytes(sequence)
    message = {
        "role": "user",
        "content": [{"type": "image", "path": str(path)}, {"type": "text", "text": "red"}],
    }
    for made in (question_about(path, "red"), conversation_of([message])):
        assert [source.index for source in made.sources] == [0, 1, 2, 3]
        assert [part["type"] for part in made.messages[0]["content"]] == ["image"] * 4 + ["text"]
    assert question_about(str(path), "red", 1).sources == [StreamFrame(str(path), 0)]


def test_a_sequence_of_one_frame_and_a_still_are_pictures(
    random_codec: Codec, frames: list[Image.Image]
) -> None:
    file = io.BytesIO()
    encode(frames[:1], file, codec=random_codec)
    for data in (file.getvalue(), random_codec.encode(frames[0])):
        assert question_about(data, "red").sources == [data]


def test_a_damaged_sequence_is_refused(
    mllm: Callable[[str], Mllm], random_codec: Codec, sequence: bytes, tmp_path: Path
) -> None:
    model = with_codec(mllm("llava"), random_codec, adapter=False)
    (tmp_path / "cut.cotam").write_bytes(sequence[:-9])
    with pytest.raises(BitstreamError, match=r"cut\.cotam: truncated stream"):
        model.answer(tmp_path / "cut.cotam", QUESTION)
    altered = bytearray(sequence)
    altered[-len(read_stream(sequence).frames[3].payload)] ^= 1
    with pytest.raises(BitstreamError, match="bytes, frame 3: checksum mismatch"):
        model.answer(bytes(altered), QUESTION)


def test_too_few_frames_are_refused(sequence: bytes) -> None:
    with pytest.raises(ValueError, match="num_frames must be from 1 to 64, not 0"):
        question_about(sequence, "red", 0)


def test_a_long_sequence_needs_a_number_of_frames() -> None:
    frames = tuple(FrameRecord(1.0, None, b"", time) for time in range(65))
    data = write_stream(Stream(StreamHeader(8, 8, b"abcd", sequence=True), frames))
    with pytest.raises(
        ValueError, match="bytes: a sequence of 65 frames, and at most 64 are taken; pass num_frames"
    ):
        question_about(data, "red")
    taken = question_about(data, "red", 3).sources
    assert [frame.index for frame in taken if isinstance(frame, StreamFrame)] == [0, 32, 64]
