"""Golden streams are read and compared on every runtime; whoever differs is told where."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cotam.cli.running import run
from cotam.errors import BitstreamError, ModelError
from cotam.evaluation import variations as variations_module
from cotam.evaluation.conformance import read_golden
from cotam.evaluation.exactness import mismatches
from cotam.evaluation.variations import Variation

GOLDEN = Path(__file__).parent.parent / "conformance"
FEW = ("still", "sequence", "unknown-metadata")


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with a few of the golden streams."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("model.safetensors", *(f"{name}.cotam" for name in FEW)):
        shutil.copy(GOLDEN / name, folder)
    change(folder, lambda manifest: None, GOLDEN)
    return folder


def change(folder: Path, how, origin: Path | None = None) -> None:
    """Rewrite the manifest, kept to the few streams."""
    manifest = json.loads(((origin or folder) / "manifest.json").read_text())
    manifest["streams"] = {name: manifest["streams"][name] for name in FEW if name in manifest["streams"]}
    how(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_every_frame_is_a_sample_and_every_runtime_reads_it(few):
    golden = read_golden(few)
    assert [sample.picture for sample in golden.samples] == [
        "sequence, frame 0",
        "sequence, frame 1",
        "still",
        "unknown-metadata",
    ]
    for way in variations_module.variations(golden.model):
        assert list(mismatches(way, way.load(), golden.samples)) == [None] * 4, way.name


def test_a_passing_folder_is_exit_code_0_and_a_report(few, tmp_path, capsys):
    target = tmp_path / "report.json"
    assert run(["bench", "conformance", str(few), "--json", str(target)]) == 0
    report = json.loads(target.read_text())
    assert (report["streams"], report["mismatches"], report["not_run"]) == (4, 0, 0)
    names = {row["runtime"] for row in report["runtimes"]}
    assert {"1 thread", "2 threads", "oneDNN off", "batch of 8", "bfloat16 transforms"} <= names
    assert "0 of 4" in capsys.readouterr().out


def test_other_integers_are_named_and_exit_code_1(few, capsys):
    change(few, lambda m: m["streams"]["still"]["frames"][0].update(latents_sha256="0" * 64))
    assert run(["bench", "conformance", str(few)]) == 1
    assert "few, 1 thread: still: " in capsys.readouterr().out


def test_a_runtime_that_refuses_a_golden_stream_does_not_conform(few):
    golden, (way, *_) = read_golden(few), variations_module.variations()

    def refuse(streams: list[bytes]) -> None:
        raise BitstreamError("what is this?")

    found = list(mismatches(way, SimpleNamespace(decode_latents_batch=refuse), golden.samples))
    assert [one.problem for one in found] == ["what is this?"] * 4


def test_a_runtime_without_the_model_is_named_and_does_not_pass_for_one_that_conforms(
    few, monkeypatch, capsys
):
    def load():
        raise ModelError("this model is not exported")

    plain = variations_module.variations
    monkeypatch.setattr(
        variations_module, "variations", lambda *a, **o: [plain(*a, **o)[0], Variation("another", load)]
    )
    assert run(["bench", "conformance", str(few)]) == 0
    assert "few, another: not run: this model is not exported" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda m: m.pop("streams"), "no manifest of golden streams"),
        (lambda m: m["streams"]["still"].update(bytes=1), "not the stream that the manifest describes"),
        (lambda m: m["streams"]["still"].update(frames=[]), "not the stream that the manifest describes"),
    ],
)
def test_a_wrong_manifest_is_refused(few, spoil, words):
    manifest = json.loads((few / "manifest.json").read_text())
    spoil(manifest)
    (few / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BitstreamError, match=words):
        read_golden(few)


def test_missing_files_are_named(few, tmp_path):
    with pytest.raises(BitstreamError, match=r"manifest\.json: cannot be read"):
        read_golden(tmp_path)
    (few / "still.cotam").unlink()
    with pytest.raises(BitstreamError, match=r"still\.cotam: cannot be read"):
        read_golden(few)


def test_another_model_beside_the_streams_is_refused(few, random_model_path):
    shutil.copy(random_model_path, few / "model.safetensors")
    with pytest.raises(ModelError, match="but the streams were made with"):
        read_golden(few)
