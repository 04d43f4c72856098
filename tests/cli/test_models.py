"""``cotam models``: listed, shown, checked and handed on, from the package, from files and from the hub."""

import json
import shutil

import pytest
from safetensors.numpy import load_file, save_file

from cotam.checkpoint import find_adapter, find_model
from cotam.checkpoint.registry import read_metadata
from cotam.errors import ModelError

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def on_hub(monkeypatch, elic_path):
    """A hub with one repository, which holds a narrow ELIC; what was asked of it."""
    asked = []

    def download(repository, file, *, revision):
        asked.append((repository, file, revision))
        if repository != "someone/elic":
            raise OSError("404: no such repository\nand more lines")
        return str(elic_path)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    return asked


def test_without_a_command_models_are_listed(cotam):
    assert b"cotam-s" in cotam("models").out
    plain, listed = (json.loads(cotam(*words, "--json").out) for words in (["models"], ["models", "list"]))
    assert plain == listed
    assert {"codec", "adapter"} <= {row["kind"] for row in plain}


def test_a_file_is_shown(cotam, elic_path):
    shown = json.loads(cotam("models", "show", elic_path, "--json").out)
    assert (shown["architecture"], shown["name"], shown["config"]["width"]) == ("elic", "narrow", 8)
    assert b"elic" in cotam("models", "show", elic_path).out


def test_an_adapter_is_shown_and_verified_by_name_and_by_file(cotam, tmp_path):
    path = shutil.copy(find_adapter("levelvqa-adapter").path, tmp_path / "mine.safetensors")
    by_name, by_file = (
        json.loads(cotam("models", "show", name, "--json").out) for name in ("levelvqa-adapter", path)
    )
    assert by_name == by_file | {"path": by_name["path"]}
    assert (by_name["kind"], by_name["tower"]["name"]) == ("adapter", "levelvqa")
    assert b"codec       name cotam-s" in cotam("models", "show", path).out
    assert cotam("models", "verify", "levelvqa-adapter", path).err.count("are right") == 2
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert "does not match its id" in cotam("models", "verify", path).problem


@pytest.mark.parametrize("description", ["imported from d1[final].pth", "[/]", "[red]", "\\[x]"])
def test_what_a_file_says_of_itself_is_shown_as_it_is(cotam, elic_path, tmp_path, description):
    path = tmp_path / "other.safetensors"
    save_file(load_file(elic_path), path, read_metadata(elic_path)[0] | {"description": description})
    ran = cotam("models", "show", path)
    assert ran.code == 0
    assert description in ran.out.decode()


@pytest.fixture
def damaged(elic_path, tmp_path):
    """A model file with a wrong bit."""
    path = tmp_path / "damaged.safetensors"
    data = bytearray(elic_path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    return path


def test_files_are_verified(cotam, elic_path, random_model_path, damaged):
    ran = cotam("models", "verify", elic_path, random_model_path)
    assert ran.code == 0
    assert ran.err.count("are right") == 2
    ran = cotam("models", "verify", damaged)
    assert ran.code == 1
    assert "does not match its id" in ran.problem


def test_a_damaged_file_is_not_handed_on(cotam, damaged, tmp_path):
    ran = cotam("models", "export", damaged, "--out", tmp_path / "folder")
    assert ran.code == 1
    assert "does not match its id" in ran.problem
    assert not (tmp_path / "folder").exists()


def test_an_exported_folder_is_what_the_hub_gives(cotam, elic_path, tmp_path):
    out = tmp_path / "folder"
    assert cotam("models", "export", elic_path, "--out", out).code == 0
    identity = find_model(elic_path).model_id
    assert find_model(out / "model.safetensors").model_id == identity
    page = (out / "README.md").read_text()
    assert page.startswith("---\nlibrary_name: cotam\n")
    assert identity in page
    assert "| groups | 2, 2, 4, 4, 8 |" in page
    assert "exists already" in cotam("models", "export", elic_path, "--out", out).problem


def test_a_model_of_the_hub_is_fetched_at_its_revision(cotam, on_hub, elic_path):
    identity = find_model(elic_path).model_id
    assert find_model(f"someone/elic@{REVISION}#{identity}").model_id == identity
    assert on_hub == [("someone/elic", "model.safetensors", REVISION)]
    assert cotam("models", "verify", f"someone/elic@{REVISION}").code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("someone/elic", "named with its revision, such as someone/elic@main"),
        ("someone/elic@main#00000000", "not 00000000"),
        ("someone/other@main", r"the hub gives no model.safetensors \(404: no such repository\)"),
        ("nobody", "unknown model 'nobody'"),
    ],
)
def test_what_the_hub_has_not_is_refused_in_one_line(on_hub, name, words):
    with pytest.raises(ModelError, match=words):
        find_model(name)


def test_without_huggingface_hub_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match=r"pip install 'cotam\[vision\]'"):
        find_model("someone/elic@main")


def test_a_copy_under_another_name_is_the_same_model(elic_path, tmp_path):
    shutil.copy(elic_path, tmp_path / "copy.safetensors")
    assert find_model(tmp_path / "copy.safetensors").model_id == find_model(elic_path).model_id
