"""``python -m cotam.cli`` is ``cotam``."""

from cotam.cli import main

main()
