"""Load over loopback: clients that ask at once, with and without micro-batching.

    python benchmarks/serving_load.py --model DIR --json benchmarks/results/serving.json

Every picture is another, so that nothing is answered from what is kept of the last one.
"""

import argparse
import json
import platform
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import torch
from PIL import Image

from cotam import __version__, load_mllm
from cotam.client import image_part
from cotam.serving import LocalBackend, create_app
from cotam.serving.running import address_of, bind, make_server

QUESTION = "how many stars are there?"
SIDE = 224
BATCHES = (1, 8)


def main() -> None:
    """Run and write the report."""
    parser = argparse.ArgumentParser(description="Load over loopback, with and without micro-batching.")
    parser.add_argument("--model", help="folder or hub id; by default the embedded model")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--tokens", type=int, default=8)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    mllm = load_mllm(given.model)
    bodies = [body(seed, given.tokens) for seed in range(given.requests)]
    runs = [measured(mllm, batch, bodies, given.clients) for batch in BATCHES]
    report = {
        "command": "python benchmarks/serving_load.py --json benchmarks/results/serving.json",
        "model": Path(mllm.name).name,
        "clients": given.clients,
        "requests": given.requests,
        "tokens": given.tokens,
        "picture": [SIDE, SIDE],
        "runs": runs,
        "machine": {
            "processor": platform.machine(),
            "threads": 1,
            "torch": torch.__version__,
            "cotam": __version__,
        },
    }
    given.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(json.dumps(runs, indent=2))


def body(seed: int, tokens: int) -> bytes:
    """A request about a picture of its own."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    content = [image_part(picture, quality=20), {"type": "text", "text": QUESTION}]
    messages = [{"role": "user", "content": content}]
    return json.dumps({"model": "load", "messages": messages, "max_tokens": tokens}).encode()


def measured(mllm: Any, batch: int, bodies: list[bytes], clients: int) -> dict[str, Any]:
    """Serve with batches of at most ``batch``, and send all bodies from so many clients."""
    app = create_app(lambda metrics: LocalBackend(mllm, metrics, name="load", batch=batch))
    listener = bind("127.0.0.1", 0)
    server = make_server(app)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"{address_of(listener)}/v1/chat/completions"
    with httpx.Client(timeout=120, trust_env=False, limits=httpx.Limits(max_connections=clients)) as client:

        def ask(data: bytes) -> tuple[float, int]:
            start = time.perf_counter()
            status = client.post(url, content=data).status_code
            return time.perf_counter() - start, status

        ask(bodies[0])  # warm
        with ThreadPoolExecutor(clients) as pool:
            start = time.perf_counter()
            results = list(pool.map(ask, bodies))
            seconds = time.perf_counter() - start
    server.should_exit = True
    thread.join(20)
    times = sorted(taken for taken, _ in results)
    cuts = statistics.quantiles(times, n=20)
    return {
        "batch": batch,
        "errors": sum(status != httpx.codes.OK for _, status in results),
        "p50_ms": round(1000 * statistics.median(times), 1),
        "p95_ms": round(1000 * cuts[18], 1),
        "requests_per_second": round(len(times) / seconds, 2),
    }


if __name__ == "__main__":
    main()
