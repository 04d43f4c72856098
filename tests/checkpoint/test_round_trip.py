"""What is written is what is loaded, and its id covers all of it."""

import dataclasses

import numpy as np
import pytest
import torch

from cotam.checkpoint import find_model, known_models, load_model, write_model
from cotam.checkpoint.content_hash import content_hash
from cotam.checkpoint.writing import HALF_PRECISION, model_tensors
from cotam.errors import ModelError
from cotam.models.cotam_s import CotamS
from cotam.training.calibration import gaussian_tables

ARCHITECTURE = CotamS.architecture


def test_a_model_comes_back_as_it_was_written(make_network, tmp_path):
    network, tables = make_network(3).to_integers(), gaussian_tables()
    path = tmp_path / "model.safetensors"
    identity = write_model(path, network, tables, name="three", description="three of a kind")
    loaded = load_model(path)
    assert loaded.card.model_id == identity
    assert loaded.model_id == bytes.fromhex(identity)
    assert (loaded.card.name, loaded.card.description, loaded.card.architecture) == (
        "three",
        "three of a kind",
        "cotam-s",
    )
    assert loaded.card.file_bytes == path.stat().st_size
    assert loaded.network.config == network.config
    assert np.array_equal(loaded.tables.cdf, tables.cdf)
    assert np.array_equal(loaded.tables.radius, tables.radius)
    found, expected = loaded.network.state_dict(), network.state_dict()
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        rounded = tensor.half().to(tensor.dtype) if name.startswith(HALF_PRECISION) else tensor
        assert torch.equal(found[name], rounded), name


def test_writing_a_loaded_model_gives_the_same_model(random_model_path, tmp_path):
    loaded = load_model(random_model_path)
    again = tmp_path / "again.safetensors"
    card = loaded.card
    write_model(again, loaded.network, loaded.tables, name=card.name, description=card.description)
    assert dataclasses.replace(load_model(again).card, path=random_model_path) == card


def test_nothing_half_written_stays_behind(make_network, tmp_path):
    write_model(
        tmp_path / "m.safetensors", make_network().to_integers(), gaussian_tables(), name="m", description=""
    )
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


@pytest.mark.parametrize("part", ["analysis", "synthesis", "hyper_analysis"])
def test_weights_beyond_float16_are_not_written(make_network, tmp_path, part):
    network = make_network().to_integers()
    next(getattr(network, part).parameters()).flatten()[0] = 70_000
    with pytest.raises(ModelError, match=rf"{part}.* has numbers beyond what float16 holds"):
        write_model(tmp_path / "m.safetensors", network, gaussian_tables(), name="m", description="")
    assert not list(tmp_path.iterdir())


def test_integers_that_could_overflow_are_not_written(make_network, tmp_path):
    network = make_network()
    with torch.no_grad():
        network.context.prior.bias[0] = 2.0**50
    with pytest.raises(ModelError, match=r"integers of context.prior could overflow"):
        write_model(
            tmp_path / "m.safetensors", network.to_integers(), gaussian_tables(), name="m", description=""
        )
    assert not list(tmp_path.iterdir())


def test_the_shipped_models_written_again_are_the_same_files(tmp_path, parts):
    for card in known_models():
        loaded = load_model(card.path)
        again = tmp_path / card.path.name
        write_model(again, loaded.network, loaded.tables, name=card.name, description=card.description)
        assert parts(again) == parts(card.path)


def test_the_id_changes_with_any_tensor_its_name_and_the_sizes(make_network):
    tensors = model_tensors(make_network().to_integers(), gaussian_tables())
    sizes = {"latents": 16}
    seen = {content_hash(ARCHITECTURE, sizes, tensors)}
    for name, tensor in tensors.items():
        changed = tensor.clone().flatten().view(torch.uint8)
        changed[-1] ^= 1
        others = {**tensors, name: changed.view(tensor.dtype).view(tensor.shape)}
        seen.add(content_hash(ARCHITECTURE, sizes, others))
    renamed = {("other" if name == "tables.cdf" else name): tensor for name, tensor in tensors.items()}
    reshaped = {**tensors, "tables.cdf": tensors["tables.cdf"].T.contiguous()}
    seen |= {
        content_hash(ARCHITECTURE, sizes, renamed),
        content_hash(ARCHITECTURE, sizes, reshaped),
        content_hash(ARCHITECTURE, {"latents": 20}, tensors),
        content_hash("other", sizes, tensors),
    }
    assert len(seen) == len(tensors) + 5


def test_the_id_does_not_depend_on_name_and_description(make_network, tmp_path):
    network, tables = make_network().to_integers(), gaussian_tables()
    first = write_model(tmp_path / "a.safetensors", network, tables, name="a", description="one")
    second = write_model(tmp_path / "b.safetensors", network, tables, name="b", description="two")
    assert first == second


def test_the_card_counts_the_stored_numbers(random_model_path):
    loaded = load_model(random_model_path)
    stored = model_tensors(loaded.network, loaded.tables)
    assert find_model(random_model_path).parameters == sum(tensor.numel() for tensor in stored.values())


def test_loading_does_not_disturb_the_random_numbers_of_the_caller(random_model_path):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    load_model(random_model_path)
    assert torch.equal(torch.rand(3), expected)


def test_a_model_file_has_the_permissions_of_any_new_file(make_network, tmp_path):
    write_model(
        tmp_path / "m.safetensors", make_network().to_integers(), gaussian_tables(), name="m", description=""
    )
    (tmp_path / "other").touch()
    assert (tmp_path / "m.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode
