"""Servers on loopback, in threads of the test process, with a small random LLaVA behind them."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("transformers")

from llava_models import make_llava

from cotam.client import image_part
from cotam.mllm import Mllm, load_mllm
from cotam.serving import Limits, LocalBackend, Settings, UpstreamBackend, create_app
from cotam.serving.running import address_of, bind, make_server
from cotam.serving.transcoding import Transcoder

MODEL = "small"
QUESTION = "how many stars are there?"


@dataclass
class Served:
    """A server that runs."""

    url: str
    app: Any
    server: Any
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    @staticmethod
    def body(*content: Any, **options: Any) -> dict[str, Any]:
        """A request of one message."""
        parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
        messages = [{"role": "user", "content": parts}]
        return {"model": MODEL, "messages": messages, "max_tokens": 6, **options}

    def ask(self, *content: Any, **options: Any) -> httpx.Response:
        return self.post(self.body(*content, **options))

    def post(self, body: Any, **headers: str) -> httpx.Response:
        """Send JSON, or bytes as they are."""
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.post("/v1/chat/completions", headers=headers, **given)

    def text(self, *content: Any, **options: Any) -> str:
        """The answer."""
        response = self.ask(*content, **options)
        assert response.status_code == 200, response.text
        return response.json()["choices"][0]["message"]["content"]

    def count(self, name: str) -> float:
        """A counter, summed over its labels."""
        lines = self.client.get("/metrics").text.splitlines()
        return sum(
            float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))
        )

    @staticmethod
    def error(response: httpx.Response, status: int) -> dict[str, Any]:
        """What an error says, in OpenAI's shape."""
        assert response.status_code == status, response.text
        assert set(response.json()) == {"error"}
        error = response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert "\n" not in error["message"]
        return error


@contextmanager
def serving(app: Any) -> Iterator[Served]:
    listener: socket.socket = bind("127.0.0.1", 0)
    server = make_server(app, 5)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        assert thread.is_alive()
        time.sleep(0.01)
    served = Served(address_of(listener), app, server)
    try:
        yield served
    finally:
        served.client.close()
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small LLaVA of random weights."""
    folder = tmp_path_factory.mktemp("models") / MODEL
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = make_llava(folder)
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.25)
        model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def mllm(checkpoint: Path) -> Mllm:
    return load_mllm(checkpoint)


@pytest.fixture(scope="session")
def serve_mllm(mllm: Mllm) -> Callable[..., Any]:
    """Serve the model with other settings."""

    def serve(settings: Settings | None = None, batch: int = 8, **options: Any) -> Any:
        return serving(create_app(lambda m: LocalBackend(mllm, m, batch=batch), settings, **options))

    return serve


@pytest.fixture(scope="session")
def local(serve_mllm: Callable[..., Any]) -> Iterator[Served]:
    with serve_mllm(Settings(Limits(concurrent=64))) as served:
        yield served


def proxied(url: str, settings: Settings | None = None, image_format: Any = "png", **options: Any) -> Any:
    chosen = {"first_wait": 0.01, **options}
    return serving(
        create_app(lambda m: UpstreamBackend(url, Transcoder(m, image_format), **chosen), settings)
    )


@pytest.fixture(scope="session")
def serve_proxy() -> Callable[..., Any]:
    """Serve in front of another server."""
    return proxied


@pytest.fixture(scope="session")
def serve_app() -> Callable[..., Any]:
    """Serve an application."""
    return serving


@pytest.fixture(scope="session")
def proxy(local: Served) -> Iterator[Served]:
    with proxied(local.url) as served:
        yield served


@pytest.fixture(scope="session")
def make_photo() -> Callable[..., Image.Image]:
    """Pictures of several sizes and contents."""
    return picture


def picture(width: int = 72, height: int = 64, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    return picture()


@pytest.fixture(scope="session")
def part(photo: Image.Image) -> dict[str, Any]:
    """The photo as a part of a chat, in cotam."""
    return image_part(photo, quality=40)
