"""The examples run as they stand, against the server and against a proxy before it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import cotam
from cotam.client import image_part

ROOT = Path(__file__).parents[2]
QUESTION = "how many stars are there?"


def ran(*command: str) -> str:
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=100, env=environment, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def path(photo: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("example") / "photo.png"
    photo.save(path)
    return path


@pytest.mark.parametrize(
    ("example", "package", "way"),
    [
        ("ask_openai", "openai", "local"),
        ("stream_openai", "openai", "proxy"),
        ("ask_litellm", "litellm", "local"),
        ("ask_litellm", "litellm", "proxy"),
    ],
)
def test_examples_print_the_answer(
    local: Any, proxy: Any, path: Path, example: str, package: str, way: str
) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"the package {package} is not installed")
    served = {"local": local, "proxy": proxy}[way]
    said = ran(sys.executable, str(ROOT / "examples" / f"{example}.py"), served.url, str(path), QUESTION)
    answer = served.text(image_part(path, max_bytes=2000), QUESTION, max_tokens=64)
    assert said == f"{answer}\n"


def test_the_example_for_curl_prints_the_answer(local: Any, path: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    stream = cotam.encode(path, 30)
    (tmp_path / "photo.cotam").write_bytes(stream)
    command = str(ROOT / "examples" / "ask_curl.sh")
    said = json.loads(ran(command, local.url, str(tmp_path / "photo.cotam"), QUESTION, "small"))
    answer = local.text(image_part(stream), QUESTION, max_tokens=64)
    assert said["choices"][0]["message"]["content"] == answer


def test_a_part_is_plain_json_and_keeps_its_budget(photo: Image.Image) -> None:
    part = image_part(photo, max_bytes=600, detail="low")
    assert json.loads(json.dumps(part)) == part
    assert part["image_url"]["detail"] == "low"
    assert len(part["image_url"]["url"]) <= len("data:image/x-cotam;base64,") + 800
    guided = image_part(photo, guidance="saliency", quality=20)
    assert guided != image_part(photo, quality=20)


def test_streams_are_sent_as_they_are(photo: Image.Image, tmp_path: Path) -> None:
    stream = cotam.encode(photo, 20)
    (tmp_path / "photo.cotam").write_bytes(stream)
    assert image_part(stream) == image_part(tmp_path / "photo.cotam") == image_part(bytearray(stream))
    with pytest.raises(ValueError, match="a cotam stream already, so quality cannot be chosen"):
        image_part(stream, quality=10)
    with pytest.raises(ValueError, match="exclude each other"):
        image_part(photo, quality=10, max_bytes=100)
    with pytest.raises(cotam.ImageError):
        image_part(tmp_path / "nothing.png")
