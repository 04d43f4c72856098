"""``cotam eval lmms``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cotam.cli.console import say
from cotam.cli.eval_options import JsonFile, MllmName
from cotam.cli.files import check_output
from cotam.cli.options import DEFAULT_MODEL, Device, Model, Threads


def lmms(
    tasks: Annotated[
        str, typer.Option(metavar="NAME,…", help="Tasks of lmms-eval: mme, textvqa_val, pope, …")
    ],
    method: Annotated[
        str, typer.Option(metavar="NAME", help="As for cotam eval levelvqa, one of them.")
    ] = "cotam-s",
    quality: Annotated[
        float | None, typer.Option(metavar="1..100", help="On the method's own scale.")
    ] = None,
    bpp: Annotated[
        float | None, typer.Option(metavar="R", help="Every image in at most so many bits per pixel.")
    ] = None,
    mllm: MllmName = None,
    model: Model = DEFAULT_MODEL,
    include: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of further tasks, such as an export's lmms.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Most documents of each task.")
    ] = None,
    json_file: JsonFile = None,
    device: Device = None,
    threads: Threads = None,
) -> None:
    """Run tasks of lmms-eval with every image coded on its way into the MLLM; rate stands beside the score.

    Needs lmms-eval (pip install lmms-eval). The same model is there for lmms-eval's own command line, as --model cotam.
    """
    from cotam.evaluation.lmms.running import find_tasks, quieten, require_lmms, run_tasks
    from cotam.evaluation.methods import check_names
    from cotam.evaluation.reports import new_report, write_report

    check_names([method])
    if json_file:
        check_output(str(json_file), "")
    require_lmms()
    quieten()
    names = [name.strip() for name in tasks.split(",") if name.strip()]
    manager = find_tasks(names, include)
    if threads:
        import torch

        torch.set_num_threads(threads)
    from cotam.evaluation.lmms.model import CotamModel

    channel = CotamModel(mllm, method, quality, bpp, model, device)
    report = run_tasks(channel, names, manager, limit)
    _print(report)
    if json_file:
        write_report(json_file, {**new_report("lmms"), **report})


def _print(report: dict[str, Any]) -> None:
    from cotam.cli.eval_tables import print_table
    from cotam.evaluation.accuracy.cells import Table

    rows = tuple(
        (task, name, f"{value:.3f}")
        for task, metrics in report["tasks"].items()
        for name, value in metrics.items()
    )
    title = f"{report['mllm']}, {report['method']} at {report['rate']}: {report['bpp']:.4f} bpp"
    print_table(Table(title, ("task", "metric", "value"), rows))
    say(f"{report['images']:,} images in {report['bytes']:,} bytes")
