"""``cotam serve``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotam.cli import options
from cotam.cli import serve_options as given
from cotam.errors import CotamError

if TYPE_CHECKING:
    from cotam.serving.backend import Backend
    from cotam.serving.metrics import Metrics

EXTRA = "cotam[serve]"


def serve(
    host: given.Host = "127.0.0.1",
    port: given.Port = 8000,
    model: given.Model = None,
    adapter: given.Adapter = None,
    name: given.Name = None,
    device: options.Device = None,
    dtype: given.Dtype = None,
    batch: given.Batch = 8,
    linger: given.Linger = 5.0,
    upstream: given.Upstream = None,
    upstream_format: given.UpstreamFormat = "png",
    upstream_key_file: given.UpstreamKeyFile = None,
    api_key: given.ApiKey = None,
    api_key_file: given.ApiKeyFile = None,
    image_host: given.ImageHost = None,
    max_body: given.MaxBody = 16,
    max_pixels: given.MaxPixels = 2**24,
    max_images: given.MaxImages = 16,
    max_tokens: given.MaxTokens = 1024,
    max_concurrent: given.MaxConcurrent = 32,
    timeout: given.Timeout = 120,
    drain: given.Drain = 30,
    code_quality: given.CodeQuality = None,
    code_bpp: given.CodeBpp = None,
    guidance: given.Guidance = None,
    access_log: given.AccessLog = False,
) -> None:
    """Serve an OpenAI-compatible API that takes pictures in few bytes, and a page to try it.

    Answers with a model in this process, or with --upstream forwards to another server, to which streams go as PNG.
    """
    _check_extra()
    from cotam.cli.console import say
    from cotam.serving.app import create_app
    from cotam.serving.keys import read_keys
    from cotam.serving.running import address_of, bind, run
    from cotam.serving.settings import Limits, Rate, Settings

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
    coding = None if code_quality is None and code_bpp is None else Rate(code_quality, code_bpp)
    keys = read_keys(api_key or (), api_key_file)
    settings = Settings(limits, keys, tuple(image_host or ()), coding, tuple(offered))
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
        mllm = load_mllm(model, adapter=options.chosen_adapter(adapter), device=device or "cpu", dtype=dtype)
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
