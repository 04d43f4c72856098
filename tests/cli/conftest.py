"""Running the command line inside the test process, and pictures for it."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: bytes
    err: str

    @property
    def problem(self) -> str:
        """The one line of an expected error."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("cotam: error: "), self.err
        return self.err.removeprefix("cotam: error: ").strip()


Command = Callable[..., Ran]


@pytest.fixture
def cotam(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Command:
    def run(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Ran(int(stop.value.code or 0), out, err.decode())

    return run


def picture(width: int = 48, height: int = 40, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def png_bytes(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    picture().save(path)
    return path


@pytest.fixture
def photo_data(photo: Path) -> bytes:
    return photo.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them damaged, and a text file."""
    root = tmp_path / "pictures"
    (root / "below").mkdir(parents=True)
    picture(seed=1).save(root / "one.png")
    picture(64, 32, seed=2).save(root / "below" / "two.jpg")
    (root / "broken.png").write_bytes(png_bytes(picture(seed=3))[:100])
    (root / "notes.txt").write_text("no picture")
    return root


@pytest.fixture
def stream(random_model_path: Path, tmp_path: Path) -> Path:
    """A stream of the random model."""
    from cotam import load_codec

    path = tmp_path / "stream.cotam"
    path.write_bytes(load_codec(random_model_path).encode(picture(), 30))
    return path


@pytest.fixture(scope="session")
def small_llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a LLaVA with random weights."""
    pytest.importorskip("transformers")
    import torch

    from cotam.mllm import embedded

    sizes = embedded.EmbeddedSizes(
        vision_width=16,
        vision_layers=3,
        vision_heads=2,
        image=32,
        projection=8,
        language_width=16,
        language_layers=1,
    )
    folder = tmp_path_factory.mktemp("llava")
    tokenizer = embedded.build_tokenizer(["how many?", "red"] * 9)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        clip = embedded.build_clip(sizes, tokenizer)
        llava = embedded.build_llava(sizes, tokenizer, clip)
    processor = embedded.build_processor(sizes, tokenizer)
    embedded.save_embedded(folder / "parts", clip, llava, tokenizer, processor)
    return embedded.assemble(folder / "parts", folder / "llava")


@pytest.fixture(scope="session")
def small_adapter(
    small_llava: Path, random_model_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A latent adapter of random weights for `small_llava` and the random codec."""
    import torch

    from cotam import load_codec, load_mllm
    from cotam.adapters import LatentAdapter, LatentAdapterConfig
    from cotam.checkpoint import AdapterCard, CodecIdentity, tower_identity, write_adapter

    codec = load_codec(random_model_path)
    tower = tower_identity("small", load_mllm(small_llava).model.get_encoder(modality="image"))
    config = LatentAdapterConfig(latents=codec.network.config.latents, width=tower.width, grid=tower.grid)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        adapter = LatentAdapter(config)
        adapter.out.weight.normal_()
    made_for = CodecIdentity(codec.name, codec.model_id.hex())
    path = tmp_path_factory.mktemp("adapter") / "small.safetensors"
    write_adapter(path, adapter, AdapterCard("small", "adapter", made_for, tower, config.to_dict()))
    return path
