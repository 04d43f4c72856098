"""The package's face: cheap to import, and complete."""

import subprocess
import sys

import pytest

import cotam
from cotam.errors import CotamError


def run(program, *arguments):
    """Run a program of one line in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_cotam_loads_nothing_heavy():
    loaded = run("import sys, cotam; print(*sys.modules)").split()
    assert "cotam.errors" in loaded
    assert not {"torch", "PIL", "numpy", "constriction", "safetensors"} & set(loaded)


def test_describing_a_stream_loads_neither_torch_nor_pillow(random_codec, make_picture, tmp_path):
    path = tmp_path / "picture.cotam"
    path.write_bytes(random_codec.encode(make_picture(20, 30), level_map=cotam.LevelMap([[1, 0]])))
    program = (
        "import sys, cotam\n"
        "info = cotam.read_info(open(sys.argv[1], 'rb').read())\n"
        "print(info.width, info.height, *[name for name in ('torch', 'PIL') if name in sys.modules])"
    )
    assert run(program, path).split() == ["30", "20"]


def test_everything_in_all_can_be_had():
    for name in cotam.__all__:
        assert getattr(cotam, name) is not None


@pytest.mark.parametrize("floor", ["bitstream", "entropy_coding", "checkpoint", "codec", "images", "metrics"])
def test_everything_that_a_floor_offers_can_be_had(floor):
    module = __import__(f"cotam.{floor}", fromlist=["__all__"])
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    for module in (cotam, sys.modules["cotam.codec"], sys.modules["cotam.checkpoint"]):
        with pytest.raises(AttributeError, match="nothing_like_that"):
            module.nothing_like_that  # noqa: B018 - asking is the point


def test_all_errors_share_one_base():
    errors = [getattr(cotam, name) for name in cotam.__all__ if name.endswith("Error")]
    assert len(errors) == 6
    assert all(issubclass(error, CotamError) for error in errors)
    assert issubclass(cotam.VersionError, cotam.BitstreamError)


def test_a_codec_can_be_loaded_from_a_file(random_model_path, random_codec, make_picture):
    codec = cotam.load_codec(random_model_path)
    picture = make_picture(9, 12)
    assert codec.encode(picture, 50) == random_codec.encode(picture, 50)


def test_the_short_functions_use_the_shipped_models(monkeypatch, random_model_path, make_picture, tmp_path):
    from cotam.checkpoint import known_models, registry
    from cotam.codec import loading

    (tmp_path / "only.safetensors").write_bytes(random_model_path.read_bytes())
    monkeypatch.setattr(registry, "SHIPPED", tmp_path)
    monkeypatch.setattr(loading, "DEFAULT_MODEL", "random")
    known_models.cache_clear()
    loading._shared_codec.cache_clear()
    try:
        data = cotam.encode(make_picture(9, 12), quality=50)
        assert data == cotam.load_codec("random").encode(make_picture(9, 12), 50)
        assert cotam.read_info(data).model == "random"
        assert cotam.decode(data).size == (12, 9)
    finally:
        known_models.cache_clear()
        loading._shared_codec.cache_clear()
