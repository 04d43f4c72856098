"""The engines' plugins. vLLM does not run here: its part is a stub of the interface that vLLM 0.33 documents."""

import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image, UnidentifiedImageError

import cotam
from cotam.serving.engines import sglang_plugin, vllm_connector
from cotam.serving.pictures import encoded


class Registry:
    def __init__(self) -> None:
        self.classes: dict[str, Any] = {}

    def register(self, name: str) -> Any:
        return lambda found: self.classes.setdefault(name, found)


class MediaWithBytes:
    def __init__(self, media: Any, original_bytes: bytes) -> None:
        self.media, self.original_bytes = media, original_bytes


class Budget:
    def __init__(self) -> None:
        self.charged = 0

    def charge(self, amount: int) -> None:
        self.charged += amount


class ImageMediaIO:
    def __init__(self, image_mode: str = "RGB") -> None:
        self.image_mode, self.decoded_budget = image_mode, Budget()

    def load_bytes(self, data: bytes) -> MediaWithBytes:
        return MediaWithBytes("vLLM's own", data)


class MediaConnector:
    def _image_io(self, image_mode: str = "RGB") -> ImageMediaIO:
        return ImageMediaIO(image_mode)


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stub of the modules of vLLM that the plugin imports."""
    registry, envs = Registry(), SimpleNamespace(VLLM_MAX_IMAGE_PIXELS=10_000)
    contents: dict[str, dict[str, Any]] = {
        "vllm": {"envs": envs},
        "vllm.multimodal": {},
        "vllm.multimodal.media": {
            "MEDIA_CONNECTOR_REGISTRY": registry,
            "MediaConnector": MediaConnector,
        },
        "vllm.multimodal.media.base": {"MediaWithBytes": MediaWithBytes},
        "vllm.multimodal.media.image": {"ImageMediaIO": ImageMediaIO},
    }
    for name, names in contents.items():
        module = ModuleType(name)
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)
    return registry


def test_vllms_connector_decodes_streams_and_leaves_the_rest(vllm: Any, photo: Image.Image) -> None:
    vllm_connector.register()
    reader = vllm.classes["cotam"]()._image_io(image_mode="RGB")
    stream = cotam.encode(photo, 30)
    loaded = reader.load_bytes(stream)
    assert loaded.media.tobytes() == cotam.decode(stream).convert("RGB").tobytes()
    assert loaded.original_bytes == stream
    assert reader.decoded_budget.charged == photo.width * photo.height * 4
    assert reader.load_bytes(encoded(photo, "PNG")).media == "vLLM's own"


def test_vllms_limits_hold_for_streams(vllm: Any, make_photo: Any) -> None:
    vllm_connector.register()
    reader = vllm.classes["cotam"]()._image_io()
    with pytest.raises(ValueError, match="VLLM_MAX_IMAGE_PIXELS allows 10000"):
        reader.load_bytes(cotam.encode(make_photo(128, 96), 10))
    with pytest.raises(ValueError, match="cannot load the cotam stream"):
        reader.load_bytes(cotam.encode(make_photo(64, 64), 10)[:-3])


def test_sglangs_plugin_makes_pillow_open_streams(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, photo: Image.Image
) -> None:
    Image.init()  # or else plugins would be registered in the copies
    for name in ("OPEN", "SAVE", "EXTENSION", "MIME"):
        monkeypatch.setattr(Image, name, dict(getattr(Image, name)))
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "COTAM"])
    path = tmp_path / "photo.cotam"
    path.write_bytes(cotam.encode(photo, 30))
    with pytest.raises(UnidentifiedImageError):
        Image.open(path)
    sglang_plugin.register()
    assert Image.open(path).size == photo.size


def test_the_entry_points_name_the_plugins() -> None:
    if not entry_points(group="vllm.general_plugins", name="cotam"):
        pytest.skip("cotam is installed from before the entry points; install it again")
    (found,) = entry_points(group="vllm.general_plugins", name="cotam")
    assert found.load() is vllm_connector.register
    (found,) = entry_points(group="sglang.srt.plugins", name="cotam")
    assert found.load() is sglang_plugin.register
