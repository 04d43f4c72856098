"""Running a command: every expected error becomes one line and an exit code, here and nowhere else."""

import os
import sys
from collections.abc import Sequence

import typer

from cotam.cli.console import report
from cotam.errors import CotamError, InterruptedRunError

BAD_DATA, BAD_USE, INTERRUPTED = 1, 2, 130


def run(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name; without any, show the help.

    Returns:
        The exit code.
    """
    from cotam.cli.program import program

    command = typer.main.get_command(program)
    try:
        code = command.main(list(arguments) or ["--help"], prog_name="cotam", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _without_standard_output()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except InterruptedRunError as error:
        report(str(error))
        return INTERRUPTED
    except typer.TyperException as error:
        report(_explained(error))
        return error.exit_code
    except CotamError as error:
        report(str(error))
        return BAD_DATA
    except (ValueError, OSError) as error:
        report(reason(error))
        return BAD_USE
    if code == INTERRUPTED:
        report("interrupted")
    return code if isinstance(code, int) else 0


def reason(error: Exception) -> str:
    """What an error says, without the number that the operating system gives it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _explained(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    message = error.format_message().rstrip(".")
    return f"{message}{hint}" if message else f"a command is missing{hint}"


def _without_standard_output() -> int:
    """The reader of the pipe has gone: leave quietly, and let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BAD_DATA
