"""Starting and stopping: ports, signals, the command's own errors."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cotam.cli import main
from cotam.serving.running import address_of, bind

SLOW = """
import asyncio, sys
from starlette.responses import JSONResponse
from cotam.serving import Limits, Settings, create_app, run
from cotam.serving.running import address_of, bind

class Slow:
    async def models(self, authorization):
        return {"object": "list", "data": []}
    async def complete(self, chat):
        print("working", flush=True)
        await asyncio.sleep(float(sys.argv[1]))
        return JSONResponse({"answered": True})
    async def problem(self):
        return None
    async def close(self):
        print("closed", flush=True)

listener = bind("127.0.0.1", 0)
run(create_app(lambda metrics: Slow()), listener, drain_seconds=float(sys.argv[2]),
    started=lambda: print(address_of(listener), flush=True))
"""
ASK = {"model": "x", "messages": [{"role": "user", "content": "hello"}]}


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def asked(url: str) -> httpx.Response:
    deadline = time.monotonic() + 10
    while True:
        try:
            return httpx.post(f"{url}/v1/chat/completions", json=ASK, timeout=20, trust_env=False)
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def left_alone(url: str) -> None:
    """Ask, and be given no answer."""
    try:
        assert asked(url).status_code != 200
    except httpx.HTTPError:
        return


def test_on_sigterm_requests_in_flight_finish_and_new_ones_are_refused() -> None:
    with started("1.5", "10") as (process, url):
        replies: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: replies.append(asked(url)), daemon=True)
        thread.start()
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        refused = asked(url)
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "shutting_down"
        assert "retry-after" in refused.headers
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 503
        thread.join(15)
        assert replies[0].json() == {"answered": True}
        assert process.wait(15) == 0
        assert process.stdout.read() == "closed\n"


def test_what_does_not_finish_in_time_does_not_hold_the_server() -> None:
    with started("60", "0.2") as (process, url):
        thread = threading.Thread(target=lambda: left_alone(url), daemon=True)
        thread.start()
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main(["serve", *map(str, arguments)])
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return int(stop.value.code or 0), said


def test_a_port_in_use_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        code, said = command(capsys, "--port", port, "--model", "anything")
    assert code == 2
    assert f"port {port} of 127.0.0.1" in said
    assert "in use" in said


def test_a_model_that_cannot_load_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, said = command(capsys, "--port", 0, "--model", tmp_path / "nothing")
    assert code == 1
    assert "nothing" in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--upstream", "far"), "must be a URL"),
        (("--upstream", "http://far", "--model", "x"), "--model and --upstream exclude each other"),
        (("--upstream", "http://far", "--upstream-format", "gif"), "png or webp"),
        (("--upstream", "http://far", "--api-key-file", "no-such-file"), "no-such-file"),
        (("--upstream", "http://far", "--host", "no.such.host.invalid"), "none of this machine"),
        (("--upstream", "http://far", "--api-key", "with space"), "printable ASCII"),
    ],
)
def test_wrong_options_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], problem: str
) -> None:
    code, said = command(capsys, "--port", 0, *arguments)
    assert code == 2
    assert problem in said


def test_addresses_of_both_kinds_become_urls() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"

    class Six:
        def getsockname(self) -> tuple[Any, ...]:
            return ("::1", 8000, 0, 0)

    assert address_of(Six()) == "http://[::1]:8000"  # type: ignore[arg-type]


def test_the_command_serves_a_model(
    checkpoint: Path, serve_app: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[Any] = []

    def run(app: Any, listener: Any, *, started: Any, **options: Any) -> None:
        started()
        listener.close()
        ran.append((app, options))

    monkeypatch.setattr("cotam.serving.running.run", run)
    with pytest.raises(SystemExit) as stop:
        main(
            [
                "serve",
                "--port",
                "0",
                "--model",
                str(checkpoint),
                "--name",
                "mine",
                "--api-key",
                "k,l",
                "--drain",
                "3",
            ]
        )
    assert not stop.value.code
    assert re.search(r"serving at http://127\.0\.0\.1:\d+ ", capsys.readouterr().err)
    ((app, options),) = ran
    assert options == {"drain_seconds": 3.0, "access_log": False}
    with serve_app(app) as served:
        assert served.client.get("/v1/models").status_code == 401
        reply = served.post(served.body("how many stars are there?", model="mine"), authorization="Bearer l")
        assert reply.json()["model"] == "mine"
