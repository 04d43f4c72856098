"""Models by name and by path, without loading torch."""

import subprocess
import sys

import pytest

from cotam.checkpoint import find_model, known_models, registry
from cotam.errors import ModelError


@pytest.fixture
def shipped(monkeypatch, random_model_path):
    """A registry whose shipped model is the random one."""
    monkeypatch.setattr(registry, "SHIPPED", random_model_path.parent)
    known_models.cache_clear()
    yield known_models()[0]
    known_models.cache_clear()


def test_shipped_models_are_known_by_name_and_by_id(shipped):
    assert find_model("random") == shipped
    assert registry.model_of_stream(bytes.fromhex(shipped.model_id)) == shipped


def test_an_unknown_name_is_refused_with_the_known_ones(shipped):
    with pytest.raises(ModelError, match=rf"unknown model 'cotam-z'.*random \({shipped.model_id}\)"):
        find_model("cotam-z")


def test_a_missing_file_is_refused_with_the_known_models(shipped, tmp_path):
    with pytest.raises(ModelError, match=r"gone.safetensors: no such model file.*random"):
        find_model(tmp_path / "gone.safetensors")


def test_a_stream_of_an_unknown_model_is_refused_with_the_known_ones(shipped):
    with pytest.raises(ModelError, match=r"model 01020304, which is not here.*random"):
        registry.model_of_stream(b"\1\2\3\4")


def test_messages_say_so_where_there_is_no_model_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "SHIPPED", tmp_path)
    known_models.cache_clear()
    with pytest.raises(ModelError, match="known models: none"):
        find_model("cotam-s")
    known_models.cache_clear()


def test_a_model_is_found_by_its_path_whatever_its_suffix(random_model_path, tmp_path):
    other = tmp_path / "weights.bin"
    other.write_bytes(random_model_path.read_bytes())
    assert find_model(str(other)).model_id == find_model(random_model_path).model_id


def test_cards_are_read_without_torch(random_model_path):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from cotam.checkpoint import known_models, find_model\n"
        "from cotam.checkpoint.registry import read_card\n"
        "known_models()\n"
        "assert read_card(Path(sys.argv[1])).name == find_model(sys.argv[1]).name == 'random'\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(random_model_path)], check=True)
