"""Coding on a Ray cluster, with Ray Data: actors hold the codec, and read the pictures where they lie.

What travels to the actors is a picture's place and what comes back is its stream, both a few hundred bytes; so one
process, the one that calls, can write streams and manifest for a whole cluster. The pictures must lie where every
machine finds them under the same path.
"""

import logging
import pickle
import re
from collections.abc import Generator, Iterable
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from cotam.data.places import Item
from cotam.errors import CotamError
from cotam.transcoding.coding import Coded, Coder, Coding

ITEMS_PER_DATASET = 20_000
"""Items that Ray Data is handed at a time; after each lot its actors start anew."""
ITEMS_PER_BLOCK = 32
"""Items of a block, the unit in which Ray Data hands out work."""
GPU_BATCH = 8
RAISED = re.compile(r"^(?!ray)(?:\w+\.)*\w*(?:Error|Exception): .*", re.MULTILINE)
"""The line of a trace that names what was raised, by other code than Ray's own."""


def require_ray() -> None:
    """Find out that there is no Ray before any work is done.

    Raises:
        CotamError: it is not installed.
    """
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise CotamError(f"--ray needs {error.name}: pip install 'cotam[ray]'") from error


def code_on_ray(
    items: Iterable[Item], coding: Coding, workers: int | None = None
) -> Generator[Coded, None, None]:
    """Code on the cluster that ``RAY_ADDRESS`` names, or on one of this machine; results in the order of the items.

    Args:
        items: what to code.
        coding: how; without a device, on GPUs if the cluster has any.
        workers: actors; by default one for each GPU, else for each CPU core.

    Raises:
        CotamError: Ray is not installed, cannot be started, or lost its actors for good.
        ValueError: a GPU is asked for, and the cluster has none.
    """
    require_ray()
    import ray
    from ray.exceptions import RayError

    items = iter(items)
    first = next(items, None)
    if first is None:
        return
    started = _start(ray)
    try:
        coding, workers, resources = _spread(coding, workers, ray.cluster_resources())
        items = chain([first], items)
        while lot := list(islice(items, ITEMS_PER_DATASET)):
            yield from _code(lot, coding, workers, resources)
    except RayError as error:
        raise CotamError(f"Ray: {_reason(error)}; the same command goes on") from error
    finally:
        if started:
            ray.shutdown()


def _start(ray: Any) -> bool:
    """Join a cluster or start one; False if this process is part of one already."""
    if ray.is_initialized():
        return False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # its errors are raised as well
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray has nothing narrower for a node that does not start
        raise CotamError(f"Ray cannot be started: {error}") from error
    return True


def _spread(
    coding: Coding, workers: int | None, cluster: dict[str, float]
) -> tuple[Coding, int, dict[str, float]]:
    """How many actors there are, and what each needs; a model's file is named so that they find it."""
    gpus = int(cluster.get("GPU", 0))
    if Path(coding.model).is_file():
        coding = replace(coding, model=str(Path(coding.model).absolute()))
    if coding.device is None and gpus:
        coding = replace(coding, device="cuda", batch=max(coding.batch, GPU_BATCH))
    if (coding.device or "cpu").startswith("cuda"):
        if not gpus:
            raise ValueError(f"device={coding.device!r}, but the Ray cluster has no GPU; use 'cpu'")
        return coding, workers or gpus, {"num_gpus": 1}
    return coding, workers or int(cluster.get("CPU", 1)), {"num_cpus": 1}


def _reason(error: Exception) -> str:
    """What went wrong in an actor, out of the traces of several processes; else what Ray says last."""
    text = str(error).strip()
    return (RAISED.findall(text) or text.splitlines())[-1]


def _code(
    lot: list[Item], coding: Coding, workers: int, resources: dict[str, float]
) -> Generator[Coded, None, None]:
    import ray

    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    rows = [{"item": pickle.dumps(item)} for item in lot]
    blocks = max(-(-len(rows) // ITEMS_PER_BLOCK), 1)
    actors = min(workers, blocks)
    coded = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        actor_class(coding),
        batch_size=None,  # a block; of a number Ray Data would join two blocks
        compute=ray.data.ActorPoolStrategy(size=actors),
        **resources,
    )
    for row in coded.iter_rows():
        yield pickle.loads(row["coded"])


def actor_class(coding: Coding) -> Any:
    """The class of actors that hold the codec. It takes no arguments, so that Ray can start a lost one again."""

    class CoderActor:
        def __init__(self) -> None:
            self._code = Coder(coding, threads=1)

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            coded = self._code([pickle.loads(item) for item in batch["item"]])
            return {"coded": [pickle.dumps(one) for one in coded]}

    return CoderActor
