"""The deployment for Ray Serve. Ray is large, so what needs it runs where it is installed."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pydantic
import pytest

from cotam.serving.engines.ray_serve import NAME, Options, build, deployment_options, make_app

REQUESTS, CLIENTS = 60, 6


def test_replicas_are_started_when_requests_wait_for_more_than_a_batch_each():
    chosen = deployment_options(Options(batch=4, min_replicas=2, max_replicas=6, gpus=0.5))
    assert chosen["autoscaling_config"] == {
        "min_replicas": 2,
        "max_replicas": 6,
        "target_ongoing_requests": 4,
    }
    assert chosen["ray_actor_options"] == {"num_cpus": 1, "num_gpus": 0.5}
    assert chosen["max_ongoing_requests"] > 4


@pytest.mark.parametrize("wrong", [{"replicas": 3}, {"batch": 0}, {"max_replicas": "many"}])
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(pydantic.ValidationError, match=next(iter(wrong))):
        Options(**wrong)


def test_a_replica_is_the_whole_server(checkpoint: Path, serve_app: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COTAM_API_KEY", "secret")
    with serve_app(make_app(Options(model=str(checkpoint), adapter=None, name="mine"))) as served:
        assert served.client.get("/v1/models").status_code == 401
        headers = {"authorization": "Bearer secret"}
        assert served.client.get("/v1/models", headers=headers).json()["data"][0]["id"] == "mine"


def test_without_ray_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    import sys

    from cotam import CotamError

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CotamError, match=r"pip install 'cotam\[ray\]'"):
        build(Options())


@pytest.fixture(scope="module")
def served(checkpoint: Path) -> Iterator[str]:
    """The URL of two replicas on this machine."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'cotam[ray]'")
    from ray import serve

    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": 8411})
    options = Options(
        model=str(checkpoint), adapter=None, name="small", min_replicas=2, max_replicas=2, cpus=0.5
    )
    serve.run(build(options), name="test", route_prefix="/")
    yield "http://127.0.0.1:8411"
    serve.shutdown()
    ray.shutdown()


def replicas() -> dict[str, int]:
    """The process of each replica that runs."""
    from ray import serve

    details = serve.status().applications["test"].deployments[NAME]
    running = details.replica_states.get("RUNNING", 0)
    from ray.serve.context import _get_global_client

    found = _get_global_client().get_serve_details()["applications"]["test"]["deployments"][NAME]["replicas"]
    pids = {one["replica_id"]: one["pid"] for one in found if one["state"] == "RUNNING"}
    assert len(pids) == running
    return pids


def test_clients_get_their_answers_while_one_of_two_replicas_is_killed(served: str, part: dict[str, Any]):
    client = openai.OpenAI(base_url=f"{served}/v1", api_key="-", max_retries=6, timeout=120)
    content: Any = [part, {"type": "text", "text": "how many stars are there?"}]

    def ask(number: int) -> str:
        reply = client.chat.completions.create(
            model="small", messages=[{"role": "user", "content": content}], max_tokens=6
        )
        done.append(number)
        return reply.choices[0].message.content

    done: list[int] = []
    before = replicas()
    assert len(before) == 2
    killed: list[int] = []

    def kill() -> None:
        while len(done) < REQUESTS // 4:
            time.sleep(0.02)
        killed.append(next(iter(before.values())))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(ask, range(REQUESTS)))
    killer.join()
    assert len(killed) == 1
    assert len(answers) == REQUESTS
    assert len(set(answers)) == 1
    deadline = time.monotonic() + 180
    while len(after := replicas()) < 2 or killed[0] in after.values():
        assert time.monotonic() < deadline, "the killed replica was not replaced"
        time.sleep(0.5)


def test_counters_page_and_streams_come_through(served: str, part: dict[str, Any]):
    assert httpx.get(f"{served}/healthz", trust_env=False).json() == {"status": "ok"}
    client = openai.OpenAI(base_url=f"{served}/v1", api_key="-", max_retries=6, timeout=120)
    content: Any = [part, {"type": "text", "text": "how many stars are there?"}]
    asked: Any = {"model": "small", "messages": [{"role": "user", "content": content}], "max_tokens": 6}
    whole = client.chat.completions.create(**asked).choices[0].message.content
    pieces = [
        chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**asked, stream=True)
    ]
    assert "".join(pieces) == whole
