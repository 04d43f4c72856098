"""What can be loaded, and the one line that says why something cannot."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from cotam.errors import ModelError
from cotam.vision import Tower, load_tower

from .conftest import BUILDERS, INSIDE_AN_MLLM, TWO_SIDED

Checkpoint = Callable[[str], Path]


@pytest.fixture
def copy(checkpoint: Checkpoint, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a checkpoint that a test may damage."""
    return lambda name: shutil.copytree(checkpoint(name), tmp_path / name)


def refusal(name: str | Path, **options: Any) -> str:
    """The message of the error, which is one line and names what was asked for."""
    with pytest.raises(ModelError) as caught:
        load_tower(name, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert str(name) in message
    return message


def first_patch_weights(tower: Tower) -> torch.Tensor:
    """Weights of the patch embedding."""
    return next(w for name, w in tower._family.model.named_parameters() if "patch_embedding" in name)


@pytest.mark.parametrize("name", TWO_SIDED + INSIDE_AN_MLLM)
def test_the_tower_inside_a_larger_checkpoint_gets_its_own_weights(name: str, checkpoint: Checkpoint) -> None:
    stored = load_file(checkpoint(name) / "model.safetensors")
    (weights,) = (w for key, w in stored.items() if "patch_embedding" in key and w.ndim == 4)
    torch.testing.assert_close(first_patch_weights(load_tower(checkpoint(name))), weights)


def test_old_names_with_an_inner_vision_model_are_understood(copy: Callable[[str], Path]) -> None:
    folder = copy("llava")
    before = first_patch_weights(load_tower(folder))
    stored = load_file(folder / "model.safetensors")
    renamed = {key.replace("vision_tower.", "vision_tower.vision_model."): w for key, w in stored.items()}
    assert renamed.keys() != stored.keys()
    save_file(renamed, folder / "model.safetensors", {"format": "pt"})
    torch.testing.assert_close(first_patch_weights(load_tower(folder)), before)


def test_weights_in_several_files_are_read(transformers: Any, tmp_path: Path) -> None:
    BUILDERS["clip"](transformers).save_pretrained(tmp_path, max_shard_size="40KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    assert load_tower(tmp_path).family == "clip"


def test_dtype_is_that_of_weights_and_tokens(checkpoint: Checkpoint) -> None:
    for name in ("clip", "dinov3"):
        tower = load_tower(str(checkpoint(name)), dtype="bfloat16")
        run = tower.run(torch.zeros(1, 3, *tower.input_size), 1, attention_of=[0])
        assert run.last.dtype == run.attention[0].dtype == torch.bfloat16


def test_loading_says_nothing_and_leaves_the_logging_as_it_was(
    transformers: Any, checkpoint: Checkpoint, capfd: pytest.CaptureFixture[str]
) -> None:
    before = transformers.utils.logging.get_verbosity(), transformers.utils.logging.is_progress_bar_enabled()
    load_tower(checkpoint("llava"))
    after = transformers.utils.logging.get_verbosity(), transformers.utils.logging.is_progress_bar_enabled()
    assert after == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "~/nowhere", ".", ""])
def test_a_path_to_nothing_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = refusal(name)
    assert "pass a local folder with config.json and safetensors weights" in message


@pytest.mark.parametrize("name", ["nobody/no-such-tower", "no-such-tower", "bad name!"])
def test_an_unknown_name_without_network_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refusal(name)
    assert "no such folder, and the hub gives none" in message
    assert "or the id of a hub repository" in message
    if " " not in name:
        assert "not cached, and the hub cannot be reached" in message


def test_a_hub_id_is_fetched_without_pickles_or_code(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def fetch(
        name: str, *, revision: str | None, allow_patterns: list[str], ignore_patterns: list[str]
    ) -> str:
        asked.append((name, revision, allow_patterns, ignore_patterns))
        return str(checkpoint("siglip"))

    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert load_tower("somebody/siglip", revision="main").name == "somebody/siglip"
    assert asked == [
        ("somebody/siglip", "main", ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors"], ["*/*"])
    ]


def test_a_file_in_place_of_a_folder_is_refused(checkpoint: Checkpoint) -> None:
    assert "pass the folder that it lies in" in refusal(checkpoint("clip") / "model.safetensors")


def test_a_folder_without_configuration_is_refused(tmp_path: Path) -> None:
    assert "has no config.json" in refusal(tmp_path)


def test_a_folder_without_weights_is_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("clip")
    (folder / "model.safetensors").unlink()
    assert "has no safetensors weights" in refusal(folder)


def test_pickled_weights_are_never_opened(copy: Callable[[str], Path]) -> None:
    folder = copy("clip")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "only pickled weights (pytorch_model.bin)" in refusal(folder)


def test_a_text_model_is_refused(checkpoint: Checkpoint) -> None:
    message = refusal(checkpoint("text-only"))
    assert "a 'clip_text_model' model with no vision tower; pass a CLIP, SigLIP, DINOv2" in message


def test_a_tower_of_another_family_is_refused(transformers: Any, copy: Callable[[str], Path]) -> None:
    folder = copy("clip")
    transformers.BlipConfig().save_pretrained(folder)
    assert "a 'blip' model with a tower of type 'blip_vision_model'" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        "{}",
        '{"model_type": "no-such-model"}',
        '{"model_type": "clip_vision_model", "hidden_size": "x"}',
        '{"model_type": "clip", "vision_config": 5}',
        '{"model_type": "intern_vit_6b", "auto_map": {"AutoConfig": "code.Config"}}',
    ],
)
def test_a_damaged_or_unknown_configuration_is_refused(content: str, copy: Callable[[str], Path]) -> None:
    folder = copy("clip")
    (folder / "config.json").write_text(content)
    assert "config.json is damaged or of an unknown model" in refusal(folder)


def test_damaged_weights_are_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("clip")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    assert "the weights cannot be loaded" in refusal(folder)


def test_missing_weights_are_refused_and_not_left_random(copy: Callable[[str], Path]) -> None:
    folder = copy("clip")
    stored = load_file(folder / "model.safetensors")
    fewer = {key: w for key, w in stored.items() if ".layers.2." not in key}
    save_file(fewer, folder / "model.safetensors", {"format": "pt"})
    message = refusal(folder)
    assert "the weights lack encoder.layers.2." in message
    assert "and 15 more" in message


def test_weights_of_another_shape_are_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("clip")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 64}))
    assert "the weights cannot be loaded" in refusal(folder)


def test_patches_that_are_not_square_are_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("internvit")
    config = json.loads((folder / "config.json").read_text())
    stored = load_file(folder / "model.safetensors")
    stored = {
        key: w[..., :8].contiguous() if "patch_embeddings.projection.weight" in key else w
        for key, w in stored.items()
    }
    stored["embeddings.position_embeddings"] = torch.zeros(1, 4 * 8 + 1, 32)
    save_file(stored, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps({**config, "patch_size": [16, 8]}))
    assert "only square ones can be handled" in refusal(folder)


def test_options_out_of_range_are_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="device must be one such as 'cpu' or 'cuda', not 'abacus'"):
        load_tower(checkpoint("clip"), device="abacus")
    with pytest.raises(ValueError, match="dtype must be one of float32, bfloat16, float16, not 'int8'"):
        load_tower(checkpoint("clip"), dtype="int8")
    with pytest.raises(ValueError, match="revision='main' is for hub repositories"):
        load_tower(checkpoint("clip"), revision="main")


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(ModelError, match=r"pip install 'cotam\[vision\]'"):
        load_tower("somebody/tower")
