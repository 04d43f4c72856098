"""The program with its commands. Commands import what they need when they run, so that help is quick."""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cotam.cli.analyze import analyze
from cotam.cli.ask import ask
from cotam.cli.compare import compare
from cotam.cli.complexity import complexity
from cotam.cli.decode import decode
from cotam.cli.demo import demo
from cotam.cli.encode import encode
from cotam.cli.importance import importance
from cotam.cli.info import info
from cotam.cli.models import models
from cotam.cli.serve import serve
from cotam.cli.transcode import transcode

LATER = {
    "bench": "cotam.cli.bench",
    "eval": "cotam.cli.eval",
    "levelvqa": "cotam.cli.levelvqa",
    "train": "cotam.cli.train",
}
"""Groups of commands that are imported when they are asked for; each module has a Typer app named ``app``."""


class Commands(TyperGroup):
    """The commands of this module, and the groups named in ``LATER``."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help."""
        return [*super().list_commands(ctx), *LATER]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Find a command, importing its group first if need be."""
        if cmd_name not in LATER:
            return super().get_command(ctx, cmd_name)
        command = typer.main.get_command(import_module(LATER[cmd_name]).app)
        command.name = cmd_name
        return command


program = typer.Typer(
    name="cotam",
    cls=Commands,
    help="Image coding for multimodal LLMs: a picture in a few hundred bytes that keep what the model needs.",
    epilog="Example: cotam encode photo.jpg photo.cotam && cotam decode photo.cotam photo.png",
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
program.command(epilog="Example: cotam encode photo.jpg photo.cotam --quality 30")(encode)
program.command(epilog="Example: cotam decode photo.cotam photo.png")(decode)
program.command(epilog="Example: cotam transcode photos streams --quality 30")(transcode)
program.command(epilog="Example: cotam info photo.cotam")(info)
program.command(epilog="Example: cotam compare photo.jpg -o page.png --target-bytes 4000")(compare)
program.command(epilog="Example: cotam importance photo.jpg -o map.png --guidance saliency")(importance)
program.command(epilog='Example: cotam ask photo.png "how many stars?"')(ask)
program.command(epilog="Example: cotam analyze --images kodak --codecs jpeg,cotam-s --out analysis")(analyze)
program.command(epilog="Example: cotam serve --port 8000")(serve)
program.command(epilog="Example: cotam models --json")(models)
program.command(epilog="Example: cotam complexity --json")(complexity)
program.command(epilog="Example: cotam demo -o results")(demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        from cotam import __version__

        print(f"cotam {__version__}")
        raise typer.Exit


@program.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Take the options that come before any command."""
