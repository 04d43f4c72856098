"""The embedded models in files: the plain transformers API reads them, and the tower lies there once."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from safetensors import safe_open

from cotam.errors import ModelError
from cotam.mllm import load_mllm
from cotam.mllm.embedded import (
    EmbeddedSizes,
    assemble,
    build_clip,
    build_llava,
    build_processor,
    build_tokenizer,
    save_embedded,
    saving,
)
from cotam.vision import load_tower


class Built(NamedTuple):
    clip: Any
    llava: Any
    tokenizer: Any
    processor: Any


@pytest.fixture(scope="module")
def built(transformers: Any, sizes: EmbeddedSizes, texts: list[str]) -> Built:
    tokenizer = build_tokenizer(texts)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        clip = build_clip(sizes, tokenizer).eval()
        llava = build_llava(sizes, tokenizer, clip).eval()
    return Built(clip, llava, tokenizer, build_processor(sizes, tokenizer))


@pytest.fixture(scope="module")
def parts(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts") / "levelvqa"
    save_embedded(folder, *built)
    return folder


@pytest.fixture
def copy(parts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(parts, tmp_path / "copy"))


@pytest.fixture
def asked(built: Built, photos: list[Any]) -> Callable[[Any], Any]:
    """A question about a picture, made by a processor."""
    content = [{"type": "image", "image": photos[0]}, {"type": "text", "text": "how many?"}]

    def ask(processor: Any) -> Any:
        return processor.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=True, return_dict=True, return_tensors="pt"
        )

    return ask


def rounded(model: Any) -> dict[str, torch.Tensor]:
    return {name: tensor.bfloat16() for name, tensor in model.state_dict().items()}


def test_clip_reloads_in_the_plain_api(transformers: Any, built: Built, parts: Path) -> None:
    again, report = transformers.CLIPModel.from_pretrained(parts / "clip", output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert again.dtype == torch.bfloat16
    expected = rounded(built.clip)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in again.state_dict().items())


def test_llava_reloads_in_the_plain_api_and_says_the_same(
    transformers: Any, built: Built, parts: Path, tmp_path: Path, asked: Callable[[Any], Any]
) -> None:
    folder = assemble(parts, tmp_path / "deep" / "llava")
    again, report = transformers.AutoModelForImageTextToText.from_pretrained(
        folder, output_loading_info=True, dtype=torch.float32
    )
    inputs = asked(transformers.AutoProcessor.from_pretrained(folder))
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    for name, tensor in asked(built.processor).items():
        assert torch.equal(inputs[name], tensor)
    expected = rounded(built.llava)
    assert all(torch.equal(tensor.bfloat16(), expected[name]) for name, tensor in again.state_dict().items())
    torch.testing.assert_close(again(**inputs).logits, built.llava(**inputs).logits, rtol=0, atol=0.02)


def test_the_tower_is_stored_once_and_saving_changes_no_model(built: Built, parts: Path) -> None:
    stored = 0
    for file in parts.rglob("*.safetensors"):
        with safe_open(file, framework="np") as content:
            stored += sum(np.prod(content.get_slice(key).get_shape()) for key in content.keys())  # noqa: SIM118
    both = {id(p): p.numel() for model in (built.clip, built.llava) for p in model.parameters()}
    assert stored == sum(both.values())
    assert {p.dtype for model in (built.clip, built.llava) for p in model.parameters()} == {torch.float32}


def test_files_stay_below_the_limit_however_large_the_models_are(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transformers: Any
) -> None:
    monkeypatch.setattr(saving, "LARGEST_FILE", 60_000)
    monkeypatch.setattr(saving, "HEADER_ROOM", 9_000)
    save_embedded(tmp_path / "parts", *built)
    files = list((tmp_path / "parts").rglob("*.safetensors"))
    assert len(files) > 4
    assert max(file.stat().st_size for file in files) <= 60_000
    assert transformers.CLIPModel.from_pretrained(tmp_path / "parts" / "clip").dtype == torch.bfloat16
    assert (
        load_mllm(assemble(tmp_path / "parts", tmp_path / "llava")).answer([], "red", max_new_tokens=1)
        is not None
    )


def test_the_clip_folder_is_a_tower_with_a_text_side(
    parts: Path, built: Built, photos: list[Any], asked: Callable[[Any], Any]
) -> None:
    tower = load_tower(parts / "clip")
    images = tower.preprocess([np.array(photos[0])])
    torch.testing.assert_close(images, asked(built.processor)["pixel_values"])
    assert tower.depth == 3
    assert tower.text_relevance(images, ["a red star " * 20]).shape == (1, 4, 4)


def test_models_of_different_towers_are_refused(built: Built, sizes: EmbeddedSizes, tmp_path: Path) -> None:
    other = build_clip(sizes, built.tokenizer)
    with pytest.raises(ValueError, match="must share one vision tower"):
        save_embedded(tmp_path, other, built.llava, built.tokenizer, built.processor)


def test_what_is_put_together_is_left_as_it_is(parts: Path, tmp_path: Path) -> None:
    folder = assemble(parts, tmp_path / "llava")
    (folder / "chat_template.jinja").write_text("mine")
    assert assemble(parts, folder) == folder
    assert (folder / "chat_template.jinja").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["llava"]


def test_damaged_parts_are_named_and_leave_nothing_behind(copy: Path, tmp_path: Path) -> None:
    (copy / "language" / "model.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"language/model\.safetensors: the weights are damaged"):
        assemble(copy, tmp_path / "llava")
    shutil.rmtree(copy / "language")
    with pytest.raises(ModelError, match="no weights here; the embedded model is incomplete"):
        assemble(copy, tmp_path / "llava")
    assert not (tmp_path / "llava").exists()


def test_a_place_that_cannot_be_written_is_named(parts: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot be put together here"):
        assemble(parts, tmp_path / "file" / "llava")
