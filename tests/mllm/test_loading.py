"""Getting an MLLM by name or folder, and what is said when there is none."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import cotam
from cotam.errors import ModelError
from cotam.mllm import load_mllm, shipped
from cotam.mllm.embedded import (
    EmbeddedSizes,
    build_clip,
    build_llava,
    build_processor,
    build_tokenizer,
    save_embedded,
)

Checkpoint = Callable[[str], Path]


@pytest.fixture
def copy(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    """A LLaVA's folder, to be damaged."""
    return Path(shutil.copytree(checkpoint("llava"), tmp_path / "llava"))


@pytest.fixture
def package(
    transformers: Any, sizes: EmbeddedSizes, texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A package folder with an embedded model, and a cache folder."""
    tokenizer = build_tokenizer(texts)
    clip = build_clip(sizes, tokenizer)
    llava = build_llava(sizes, tokenizer, clip)
    save_embedded(tmp_path / "levelvqa", clip, llava, tokenizer, build_processor(sizes, tokenizer))
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path)
    monkeypatch.setenv("COTAM_CACHE", str(tmp_path / "cache"))
    return tmp_path


def refusal(name: Any, **options: Any) -> str:
    """What is said instead of a model; one line."""
    with pytest.raises(ModelError) as caught:
        load_mllm(name, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_by_default_it_is_the_model_in_the_package(package: Path) -> None:
    mllm = cotam.load_mllm()
    assert mllm.name == "levelvqa"
    assert mllm.context == 512
    assert (mllm.dtype, str(mllm.device)) == (torch.float32, "cpu")
    assert isinstance(mllm.answer([], "red", max_new_tokens=1), str)
    assert load_mllm("levelvqa").context == 512
    assert len(list((package / "cache").iterdir())) == 1


def test_a_second_language_model_on_the_same_tower_has_a_name_of_its_own(package: Path) -> None:
    before = cotam.load_mllm().model.state_dict()
    ours = package / "levelvqa-clips" / "language"
    shutil.copytree(package / "levelvqa" / "language", ours)
    file = ours / "model.safetensors"
    tensors = {name: tensor + 1 for name, tensor in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})
    clips = load_mllm("levelvqa-clips")
    assert clips.name == "levelvqa-clips"
    changed = {
        name for name, tensor in clips.model.state_dict().items() if not torch.equal(tensor, before[name])
    }
    assert changed == {name for name in before if "vision_tower" not in name}
    after = load_mllm("levelvqa").model.state_dict()
    assert [name for name in before if not torch.equal(before[name], after[name])] == []
    assert len(list((package / "cache").iterdir())) == 2


def test_a_language_model_that_does_not_ship_is_named(package: Path) -> None:
    assert "'levelvqa-clips' does not ship" in refusal("levelvqa-clips")


def test_a_new_embedded_model_does_not_come_out_of_the_old_cache(package: Path) -> None:
    load_mllm()
    path = package / "levelvqa" / "llava" / "generation_config.json"
    path.write_text(path.read_text() + "\n")
    load_mllm()
    assert len(list((package / "cache").iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "file").write_bytes(b"")
    monkeypatch.setenv("COTAM_CACHE", str(package / "file"))
    assert "COTAM_CACHE names another place" in refusal(None)


def test_a_package_without_an_embedded_model_says_so(
    transformers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path)
    assert "does not ship with this cotam; name a model" in refusal(None)


def test_precision_is_the_one_asked_for(checkpoint: Checkpoint) -> None:
    assert load_mllm(checkpoint("llava"), dtype="bfloat16").dtype == torch.bfloat16
    with pytest.raises(ValueError, match="dtype must be one of float32, bfloat16, float16, not 'int8'"):
        load_mllm(checkpoint("llava"), dtype="int8")
    with pytest.raises(ValueError, match="device must be one such as"):
        load_mllm(checkpoint("llava"), device="toaster")


def test_an_unknown_name_is_refused_with_what_to_pass(
    transformers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    said = refusal("nobody/nothing")
    assert said.startswith("nobody/nothing: no such folder, and the hub gives none")
    assert "such as 'llava-hf/llava-1.5-7b-hf'" in said
    assert "no such folder; pass a local folder" in refusal("./nowhere")


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda t: t.LlamaForCausalLM(t.LlamaConfig(**LANGUAGE)), "'llama'"),
        (lambda t: t.CLIPModel(t.CLIPConfig(text_config=LANGUAGE, vision_config=VISION)), "'clip'"),
    ],
)
def test_a_model_that_answers_no_questions_about_pictures_is_refused(
    transformers: Any, tmp_path: Path, build: Callable[[Any], Any], kind: str
) -> None:
    build(transformers).save_pretrained(tmp_path)
    assert f"a {kind} model, which does not answer questions about pictures" in refusal(tmp_path)


LANGUAGE = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 16,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
VISION = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def test_pickled_weights_are_refused(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert "only pickled weights (pytorch_model.bin)" in refusal(copy)


def test_damaged_or_incomplete_weights_are_refused(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(copy / "model.safetensors")
    name = next(name for name in tensors if "embed_tokens" in name)
    del tensors[name]
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})
    assert "the weights lack" in refusal(copy)
    (copy / "model.safetensors").write_bytes(b"no")
    assert "the weights cannot be loaded" in refusal(copy)


def test_a_checkpoint_without_chat_template_is_refused(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    assert "has no chat template" in refusal(copy)


def test_a_checkpoint_without_tokenizer_or_image_processor_is_refused(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("{")
    assert "the processor cannot be loaded" in refusal(copy)


def test_a_template_that_takes_no_pictures_is_refused(copy: Path, photos: list[Any]) -> None:
    (copy / "chat_template.jinja").write_text("{{ raise_exception('only text') }}")
    with pytest.raises(ModelError, match=r"its chat template does not take this \(only text\)"):
        load_mllm(copy).answer(photos[0], "red")


def test_no_code_is_run_that_comes_with_a_checkpoint(copy: Path, tmp_path: Path) -> None:
    path, mark = copy / "config.json", tmp_path / "ran"
    (copy / "trap.py").write_text(f"open({str(mark)!r}, 'w')")
    stated = {
        **json.loads(path.read_text()),
        "model_type": "unheard_of",
        "auto_map": {"AutoConfig": "trap.C"},
    }
    path.write_text(json.dumps(stated))
    assert "config.json is damaged or of an unknown model" in refusal(copy)
    assert not mark.exists()


def test_the_embedded_model_comes_with_the_adapters_that_ship_one_for_each_codec() -> None:
    given = {one.card.name: one.card.codec.name for one in load_mllm().adapters}
    assert given == {"levelvqa-adapter": "cotam-s", "levelvqa-adapter-joint": "cotam-s-joint"}
    assert load_mllm(adapter=None).adapters == ()


def test_another_model_has_no_adapter_unless_one_is_named(checkpoint: Callable[..., Path]) -> None:
    assert load_mllm(checkpoint("llava")).adapters == ()
