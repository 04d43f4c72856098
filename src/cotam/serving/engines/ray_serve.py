"""The server with a model of its own as a deployment of Ray Serve, which starts replicas as requests queue up.

::

    serve run cotam.serving.engines.ray_serve:build model=llava-hf/llava-1.5-7b-hf gpus=1 max_replicas=8

or in a configuration file, with ``import_path: cotam.serving.engines.ray_serve:build`` and the options as ``args``.
Each replica is a whole ``cotam serve`` with its own model, so limits, counters and errors are the same; keys come from
its environment (``COTAM_API_KEY``) or a file.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from cotam.errors import CotamError

if TYPE_CHECKING:
    from fastapi import FastAPI

NAME = "cotam"
"""Of the deployment."""
WAITING_PER_REPLICA = 4
"""Batches that may wait in a replica; what comes beyond waits before them all, where it counts for scaling."""


class Options(BaseModel):
    """What ``args`` may say."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = None
    """Hub id or folder of the multimodal LLM; by default the embedded one."""
    adapter: str | None = "auto"
    """See `cotam.load_mllm`."""
    name: str | None = None
    """What callers call the model."""
    device: str | None = None
    """Where it runs; by default on a GPU, where a replica has one."""
    dtype: str | None = None
    """float32, bfloat16 or float16."""
    threads: int | None = Field(None, ge=1)
    """CPU threads of a replica; by default as many as it has CPUs."""
    batch: int = Field(8, ge=1)
    """Most requests that a replica answers together."""
    min_replicas: int = Field(1, ge=0)
    """Fewest replicas."""
    max_replicas: int = Field(4, ge=1)
    """Most replicas."""
    target: float | None = Field(None, gt=0)
    """Requests in work or waiting for each replica, beyond which one more is started; by default a batch."""
    queue: int = Field(1000, ge=-1)
    """Most requests that wait in each proxy, of which every machine has one; beyond it 503. -1: no limit."""
    cpus: float = Field(1, gt=0)
    """CPU cores of a replica."""
    gpus: float = Field(0, ge=0)
    """GPUs of a replica; a part of one lets replicas share it."""
    api_key_file: str | None = None
    """Keys that callers must show, one a line, on every machine."""
    image_hosts: tuple[str, ...] = ()
    """Hosts that pictures may be fetched from."""


def build(args: Options) -> Any:
    """Make the application; Ray Serve calls this with the ``args`` of its configuration.

    Raises:
        CotamError: Ray is not installed.
    """
    try:
        from ray import serve
    except ImportError as error:
        raise CotamError(f"Ray Serve needs {error.name}: pip install 'cotam[ray]'") from error

    def app() -> "FastAPI":
        return make_app(args)

    deployment = serve.deployment(serve.ingress(app)(), name=NAME)
    return deployment.options(**deployment_options(args)).bind()


def deployment_options(options: Options) -> dict[str, Any]:
    """How Ray Serve runs and scales it."""
    return {
        "autoscaling_config": {
            "min_replicas": options.min_replicas,
            "max_replicas": max(options.max_replicas, options.min_replicas),
            "target_ongoing_requests": options.target or options.batch,
        },
        "max_ongoing_requests": WAITING_PER_REPLICA * options.batch,
        "max_queued_requests": options.queue,
        "ray_actor_options": {"num_cpus": options.cpus, "num_gpus": options.gpus},
    }


def make_app(options: Options) -> "FastAPI":
    """Load the model and make the server of one replica.

    Raises:
        ModelError: the model or its adapter cannot be loaded.
    """
    import torch

    from cotam import load_mllm
    from cotam.serving import Limits, LocalBackend, Settings, create_app
    from cotam.serving.keys import read_keys

    torch.set_num_threads(options.threads or max(int(options.cpus), 1))
    device = options.device or ("cuda" if options.gpus else "cpu")
    mllm = load_mllm(options.model, adapter=options.adapter, device=device, dtype=options.dtype)
    keys = read_keys(
        filter(None, [os.environ.get("COTAM_API_KEY", "")]),
        Path(options.api_key_file) if options.api_key_file else None,
    )
    limits = Limits(concurrent=WAITING_PER_REPLICA * options.batch)
    settings = Settings(limits, keys, options.image_hosts)
    return create_app(
        lambda metrics: LocalBackend(mllm, metrics, name=options.name, batch=options.batch), settings
    )
