"""``cotam serve``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli import options
from cotam.errors import CotamError

if TYPE_CHECKING:
    from cotam.serving.backend import Backend
    from cotam.serving.metrics import Metrics

LIMITS, MODEL, PROXY, ACCESS = "Limits", "Model in this process", "Proxy", "Access"
EXTRA = "cotam[serve]"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")] = 8000,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|DIR",
            help="A multimodal LLM: hub id or folder; by default the embedded one.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    adapter: Annotated[
        str | None,
        typer.Option(
            "--adapter",
            metavar="NAME|FILE",
            help="A latent adapter or neck for streams.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What callers call the model.", rich_help_panel=MODEL)
    ] = None,
    device: options.Device = None,
    dtype: Annotated[
        str | None,
        typer.Option("--dtype", metavar="TYPE", help="float32, bfloat16 or float16.", rich_help_panel=MODEL),
    ] = None,
    batch: Annotated[
        int,
        typer.Option(
            "--batch", min=1, metavar="N", help="Most requests answered together.", rich_help_panel=MODEL
        ),
    ] = 8,
    linger: Annotated[
        float,
        typer.Option(
            "--linger",
            min=0,
            metavar="MS",
            help="How long a request waits for others.",
            rich_help_panel=MODEL,
        ),
    ] = 5.0,
    upstream: Annotated[
        str | None,
        typer.Option(
            "--upstream",
            metavar="URL",
            help="Forward to this OpenAI-compatible server.",
            rich_help_panel=PROXY,
        ),
    ] = None,
    upstream_format: Annotated[
        str,
        typer.Option(
            "--upstream-format", metavar="png|webp", help="What streams become.", rich_help_panel=PROXY
        ),
    ] = "png",
    upstream_key_file: Annotated[
        Path | None,
        typer.Option(
            "--upstream-key-file",
            metavar="FILE",
            help="This server's key there; or the variable COTAM_UPSTREAM_KEY.",
            rich_help_panel=PROXY,
        ),
    ] = None,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            "--api-key",
            envvar="COTAM_API_KEY",
            show_envvar=True,
            metavar="KEY",
            help="Key that callers must show; several are possible.",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option("--api-key-file", metavar="FILE", help="Keys, one a line.", rich_help_panel=ACCESS),
    ] = None,
    image_host: Annotated[
        list[str] | None,
        typer.Option(
            "--image-host",
            metavar="HOST",
            help="Host that pictures may be fetched from.",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    max_body: Annotated[
        float,
        typer.Option(
            "--max-body", min=0.001, metavar="MIB", help="Body of a request.", rich_help_panel=LIMITS
        ),
    ] = 16,
    max_pixels: Annotated[
        int,
        typer.Option("--max-pixels", min=1, metavar="N", help="Pixels of a request.", rich_help_panel=LIMITS),
    ] = 2**24,
    max_images: Annotated[
        int,
        typer.Option(
            "--max-images", min=1, metavar="N", help="Pictures of a request.", rich_help_panel=LIMITS
        ),
    ] = 16,
    max_tokens: Annotated[
        int,
        typer.Option("--max-tokens", min=1, metavar="N", help="Tokens of an answer.", rich_help_panel=LIMITS),
    ] = 1024,
    max_concurrent: Annotated[
        int,
        typer.Option(
            "--max-concurrent", min=1, metavar="N", help="Requests in flight.", rich_help_panel=LIMITS
        ),
    ] = 32,
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=0.1, metavar="S", help="Time for an answer.", rich_help_panel=LIMITS),
    ] = 120,
    drain: Annotated[
        float,
        typer.Option(
            "--drain", min=0.1, metavar="S", help="Time to finish after SIGTERM.", rich_help_panel=LIMITS
        ),
    ] = 30,
    guidance: Annotated[
        list[str] | None,
        typer.Option("--guidance", metavar="NAME", help="More guidance for the page, such as clip-b."),
    ] = None,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log every request's path.")] = False,
) -> None:
    """Serve an OpenAI-compatible API that takes pictures in few bytes, and a page to try it.

    Answers with a model in this process, or with --upstream forwards to another server, to which streams go as PNG.
    """
    _check_extra()
    from cotam.cli.console import say
    from cotam.serving.app import create_app
    from cotam.serving.keys import read_keys
    from cotam.serving.running import address_of, bind, run
    from cotam.serving.settings import Limits, Settings

    limits = Limits(
        body_bytes=int(max_body * 2**20),
        pixels=max_pixels,
        images=max_images,
        tokens=max_tokens,
        default_tokens=min(max_tokens, Limits.default_tokens),
        concurrent=max_concurrent,
        request_seconds=timeout,
        drain_seconds=drain,
    )
    offered = dict.fromkeys([*Settings.guidance, *(guidance or ())])
    settings = Settings(
        limits, read_keys(api_key or (), api_key_file), tuple(image_host or ()), tuple(offered)
    )
    listener = bind(host, port)
    if upstream is None:
        make = _local(model, adapter, name, device, dtype, batch, linger / 1000)
    else:
        _check_no_model(model=model, adapter=adapter, name=name, device=device, dtype=dtype)
        make = _proxy(upstream, upstream_format, upstream_key_file, timeout)
    app = create_app(make, settings)
    where = address_of(listener)
    run(
        app,
        listener,
        drain_seconds=drain,
        access_log=access_log,
        started=lambda: say(f"serving at {where} (API: {where}/v1, documentation: {where}/docs)"),
    )


def _local(
    model: str | None,
    adapter: str | None,
    name: str | None,
    device: str | None,
    dtype: str | None,
    batch: int,
    linger: float,
) -> "Callable[[Metrics], Backend]":
    from cotam import load_mllm
    from cotam.cli.console import working
    from cotam.serving.local import LocalBackend

    with working("loading"):
        mllm = load_mllm(model, adapter=adapter, device=device or "cpu", dtype=dtype)
    return lambda metrics: LocalBackend(mllm, metrics, name=name, batch=batch, linger=linger)


def _proxy(
    url: str, image_format: str, key_file: Path | None, timeout: float
) -> "Callable[[Metrics], Backend]":
    import os

    from cotam.serving.keys import read_keys
    from cotam.serving.transcoding import Transcoder
    from cotam.serving.upstream import UpstreamBackend

    keys = read_keys([os.environ.get("COTAM_UPSTREAM_KEY", "")], key_file)
    if len(keys) > 1:
        raise ValueError("the upstream takes one key, and several are given")
    chosen: Any = image_format

    def make(metrics: "Metrics") -> "Backend":
        return UpstreamBackend(
            url, Transcoder(metrics, chosen), key=keys[0] if keys else None, timeout=timeout
        )

    return make


def _check_no_model(**given: str | None) -> None:
    named = [f"--{option}" for option, value in given.items() if value is not None]
    if named:
        raise ValueError(
            f"{' and '.join(named)} and --upstream exclude each other: the upstream has the model"
        )


def _check_extra() -> None:
    from importlib.util import find_spec

    missing = [
        part for part in ("fastapi", "uvicorn", "httpx", "prometheus_client") if find_spec(part) is None
    ]
    if missing:
        raise CotamError(f"serving needs {', '.join(missing)}: pip install '{EXTRA}'")
