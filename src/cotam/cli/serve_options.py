"""Options of ``cotam serve``."""

from pathlib import Path
from typing import Annotated

import typer

MODEL, PROXY, ACCESS, LIMITS = "Model in this process", "Proxy", "Access", "Limits"
CODING = "Evaluation of clients that know no cotam"

Host = Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for all.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME|DIR",
        help="A multimodal LLM: hub id or folder; by default the embedded one.",
        rich_help_panel=MODEL,
    ),
]
Adapter = Annotated[
    str | None,
    typer.Option(
        "--adapter",
        metavar="NAME|FILE",
        help="A latent adapter or neck for streams, or none; by default the adapters that ship.",
        rich_help_panel=MODEL,
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", help="What callers call the model.", rich_help_panel=MODEL)
]
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", metavar="TYPE", help="float32, bfloat16 or float16.", rich_help_panel=MODEL),
]
Batch = Annotated[
    int,
    typer.Option(
        "--batch", min=1, metavar="N", help="Most requests answered together.", rich_help_panel=MODEL
    ),
]
Linger = Annotated[
    float,
    typer.Option(
        "--linger", min=0, metavar="MS", help="How long a request waits for others.", rich_help_panel=MODEL
    ),
]
Upstream = Annotated[
    str | None,
    typer.Option(
        "--upstream", metavar="URL", help="Forward to this OpenAI-compatible server.", rich_help_panel=PROXY
    ),
]
UpstreamFormat = Annotated[
    str,
    typer.Option("--upstream-format", metavar="png|webp", help="What streams become.", rich_help_panel=PROXY),
]
UpstreamKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--upstream-key-file",
        metavar="FILE",
        help="This server's key there; or the variable COTAM_UPSTREAM_KEY.",
        rich_help_panel=PROXY,
    ),
]
ApiKey = Annotated[
    list[str] | None,
    typer.Option(
        "--api-key",
        envvar="COTAM_API_KEY",
        show_envvar=True,
        metavar="KEY",
        help="Key that callers must show; several are possible.",
        rich_help_panel=ACCESS,
    ),
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option("--api-key-file", metavar="FILE", help="Keys, one a line.", rich_help_panel=ACCESS),
]
ImageHost = Annotated[
    list[str] | None,
    typer.Option(
        "--image-host", metavar="HOST", help="Host that pictures may be fetched from.", rich_help_panel=ACCESS
    ),
]
MaxBody = Annotated[
    float,
    typer.Option("--max-body", min=0.001, metavar="MIB", help="Body of a request.", rich_help_panel=LIMITS),
]
MaxPixels = Annotated[
    int, typer.Option("--max-pixels", min=1, metavar="N", help="Pixels of a request.", rich_help_panel=LIMITS)
]
MaxImages = Annotated[
    int,
    typer.Option("--max-images", min=1, metavar="N", help="Pictures of a request.", rich_help_panel=LIMITS),
]
MaxTokens = Annotated[
    int, typer.Option("--max-tokens", min=1, metavar="N", help="Tokens of an answer.", rich_help_panel=LIMITS)
]
MaxConcurrent = Annotated[
    int,
    typer.Option("--max-concurrent", min=1, metavar="N", help="Requests in flight.", rich_help_panel=LIMITS),
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, metavar="S", help="Time for an answer.", rich_help_panel=LIMITS)
]
Drain = Annotated[
    float,
    typer.Option(
        "--drain", min=0.1, metavar="S", help="Time to finish after SIGTERM.", rich_help_panel=LIMITS
    ),
]
Guidance = Annotated[
    list[str] | None,
    typer.Option("--guidance", metavar="NAME", help="More guidance for the page, such as clip-b."),
]
AccessLog = Annotated[bool, typer.Option("--access-log", help="Log every request's path.")]
CodeQuality = Annotated[
    float | None,
    typer.Option(
        "--code-quality",
        metavar="Q",
        help="Code ordinary pictures on arrival, 1 to 100.",
        rich_help_panel=CODING,
    ),
]
CodeBpp = Annotated[
    float | None,
    typer.Option(
        "--code-bpp", metavar="R", help="The same, in so many bits per pixel at most.", rich_help_panel=CODING
    ),
]
