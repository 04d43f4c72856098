"""Adapter files: what is written is what is loaded, and what they do not fit is refused."""

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from cotam.adapters import LatentAdapter, LatentAdapterConfig, TransformNeck, TransformNeckConfig
from cotam.checkpoint import (
    AdapterCard,
    CodecIdentity,
    TowerIdentity,
    adapter_cards,
    find_adapter,
    known_adapters,
    known_models,
    load_adapter,
    registry,
    tower_identity,
    write_adapter,
)
from cotam.errors import ModelError

CODEC = CodecIdentity("random", "01020304")
TOWER = TowerIdentity("small", "clip", 32, 4, 16, (4, 4), 1, "0123456789abcdef")
SIZES: dict[str, Any] = {"latents": 16, "width": 32, "grid": (4, 4)}


def random_network(kind: str) -> LatentAdapter | TransformNeck:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind == "adapter":
            network: LatentAdapter | TransformNeck = LatentAdapter(LatentAdapterConfig(**SIZES))
        else:
            network = TransformNeck(TransformNeckConfig(**SIZES, block=1))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return network.eval()


def card_of(network: LatentAdapter | TransformNeck, name: str = "some") -> AdapterCard:
    sizes = network.config.to_dict()
    if isinstance(network, LatentAdapter):
        return AdapterCard(name, "adapter", CODEC, TOWER, sizes, training="3 steps")
    return AdapterCard(name, "neck", CODEC, TOWER, sizes, "d2", "3 steps")


@pytest.fixture(params=["adapter", "neck"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Any]:
    network = random_network(request.param)
    path = tmp_path / "some.safetensors"
    write_adapter(path, network, card_of(network))
    return path, network


def test_an_adapter_comes_back_as_it_was_written(written: tuple[Path, Any]) -> None:
    path, network = written
    loaded = load_adapter(path)
    assert loaded.card == card_of(network)
    assert type(loaded.network) is type(network)
    assert loaded.network.config == network.config
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], tensor.half().float()), name
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())


def test_the_shipped_files_written_again_are_the_same_files(
    tmp_path: Path, parts: Callable[[Path], Any]
) -> None:
    for file in known_adapters():
        loaded, path = load_adapter(file.path), tmp_path / file.path.name
        assert write_adapter(path, loaded.network, loaded.card) == file.adapter_id
        assert parts(path) == parts(file.path)


def test_an_altered_file_is_refused(written: tuple[Path, Any], tmp_path: Path) -> None:
    path, _ = written
    tensors, (metadata, _) = load_file(path), registry.read_metadata(path)
    tensors["tokens.project.bias"][0] += 1
    save_file(tensors, tmp_path / "altered.safetensors", metadata)
    with pytest.raises(ModelError, match="does not match its id"):
        load_adapter(tmp_path / "altered.safetensors")


def test_a_damaged_description_is_refused(written: tuple[Path, Any], tmp_path: Path) -> None:
    path, _ = written
    tensors, (metadata, _) = load_file(path), registry.read_metadata(path)
    sizes = json.dumps({**json.loads(metadata["card"]), "config": [1]})
    for card in ("", "[]", "{}", metadata["card"].replace('"kind"', '"sort"'), metadata["card"][:-2], sizes):
        save_file(tensors, tmp_path / "altered.safetensors", {**metadata, "card": card})
        with pytest.raises(ModelError, match="damaged adapter description"):
            find_adapter(tmp_path / "altered.safetensors")


def test_files_that_are_no_adapters_are_refused(random_model_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a cotam-model file, but no adapter of cotam; known"):
        load_adapter(random_model_path)
    with pytest.raises(ModelError, match="no such adapter file"):
        load_adapter(tmp_path / "gone.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="no adapter of cotam"):
        load_adapter(tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors")
    with pytest.raises(ModelError, match="not a safetensors file"):
        load_adapter(tmp_path / "text.safetensors")


def test_weights_beyond_float16_are_not_written(tmp_path: Path) -> None:
    network = random_network("adapter")
    with torch.no_grad():
        next(network.parameters()).flatten()[0] = 70_000
    with pytest.raises(ModelError, match="has numbers beyond what float16 holds"):
        write_adapter(tmp_path / "x.safetensors", network, card_of(network))
    assert not list(tmp_path.iterdir())


def test_a_card_of_another_network_is_not_written(tmp_path: Path) -> None:
    adapter, neck = random_network("adapter"), random_network("neck")
    with pytest.raises(ValueError, match="describes a neck"):
        write_adapter(tmp_path / "x.safetensors", adapter, card_of(neck))
    assert not list(tmp_path.iterdir())


def test_another_codec_is_refused() -> None:
    card = card_of(random_network("neck"))
    card.check_codec("renamed", bytes.fromhex("01020304"))
    with pytest.raises(
        ModelError, match=r"neck 'some': made for codec random \(01020304\), which x \(0a0b0c0d\)"
    ):
        card.check_codec("x", bytes.fromhex("0a0b0c0d"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 64}, "made for tokens of width 32; the tower of other has 64"),
        ({"grid": (5, 5)}, "made for 17 tokens a picture; the tower of other has 26"),
        ({"prefix": 0}, "made for 17 tokens a picture; the tower of other has 16"),
        ({"family": "siglip"}, "made for a clip tower; the tower of other has siglip"),
        ({"blocks": 6}, "made for a tower of 4 blocks; the tower of other has 6"),
        ({"fingerprint": "f" * 16}, "made for the weights of small"),
    ],
)
def test_another_tower_is_refused(change: dict[str, Any], message: str) -> None:
    card = card_of(random_network("adapter"))
    card.check_tower(dataclasses.replace(TOWER, name="renamed"))
    with pytest.raises(ModelError, match=re.escape(message)):
        card.check_tower(dataclasses.replace(TOWER, name="other", **change))


def test_codecs_and_adapters_ship_side_by_side(
    monkeypatch: pytest.MonkeyPatch, random_model_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "codec.safetensors").write_bytes(random_model_path.read_bytes())
    network = random_network("adapter")
    write_adapter(tmp_path / "small-adapter.safetensors", network, card_of(network, "small-adapter"))
    monkeypatch.setattr(registry, "SHIPPED", tmp_path)
    known_models.cache_clear()
    known_adapters.cache_clear()
    try:
        assert [card.name for card in known_models()] == ["random"]
        assert [file.card.name for file in known_adapters()] == ["small-adapter"]
        assert load_adapter("small-adapter").card.name == "small-adapter"
        with pytest.raises(ModelError, match=r"unknown adapter 'x'.*small-adapter \(latent adapter\)"):
            load_adapter("x")
    finally:
        known_models.cache_clear()
        known_adapters.cache_clear()


def test_cards_are_read_without_torch(tmp_path: Path) -> None:
    network = random_network("adapter")
    write_adapter(tmp_path / "a.safetensors", network, card_of(network))
    program = (
        "import sys\n"
        "from cotam.checkpoint import find_adapter, known_adapters\n"
        "known_adapters()\n"
        "assert find_adapter(sys.argv[1]).card.name == 'some'\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.safetensors")], check=True)


def test_the_shape_of_cards_is_checked() -> None:
    for kind, setting in (("adapter", "d1"), ("neck", None), ("neck", "d4"), ("other", None)):
        with pytest.raises(ValueError, match="must be one of"):
            AdapterCard("x", kind, CODEC, TOWER, {}, setting)  # type: ignore[arg-type]
    assert adapter_cards.ADAPTER.format != registry.MODEL.format


@pytest.fixture
def make_tower() -> Callable[..., Any]:
    transformers = pytest.importorskip("transformers")

    def make(seed: int = 0, **changes: Any) -> Any:
        sizes: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
        sizes |= {"image_size": 64, "patch_size": 16, "intermediate_size": 64, **changes}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**sizes)).eval()

    return make


def test_a_tower_is_recognised_in_every_precision_and_told_from_others(
    make_tower: Callable[..., Any],
) -> None:
    tower = make_tower()
    found = tower_identity("small", tower)
    assert (found.family, found.width, found.blocks, found.patch) == ("clip", 32, 2, 16)
    assert (found.grid, found.prefix, found.tokens) == ((4, 4), 1, 17)
    for dtype in (torch.bfloat16, torch.float16):
        assert tower_identity("small", make_tower().to(dtype)) == found
    assert tower_identity("small", make_tower(seed=1)).fingerprint != found.fingerprint
