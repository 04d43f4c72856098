"""The command line: ``cotam encode``, ``decode``, ``info``, ``compare``, ``models``, ``demo``, ``bench``, ``train``.

Exit codes: 0 for success, 1 for bad data (no picture, a damaged stream, an unknown model), 2 for bad use (a missing
file, a bad option, an output that cannot be written), 130 when interrupted. Products and figures (streams, pictures,
tables, JSON) go to standard output, everything said about the work to standard error.
"""

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: words behind ``cotam``; by default those of this process.

    Raises:
        SystemExit: always, with the exit code.
    """
    from cotam.cli.running import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
