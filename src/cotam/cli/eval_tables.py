"""What ``cotam eval`` prints on the terminal."""

from typing import TYPE_CHECKING

from cotam.cli.console import output

if TYPE_CHECKING:
    from cotam.evaluation.accuracy.cells import Table

FILE_WIDTH = 250
"""Columns of what goes to a file or a pipe, so that no row is broken."""


def print_table(table: "Table") -> None:
    """Print a table under its title."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    console = output()
    if not console.is_terminal:
        console.width = FILE_WIDTH
    shown = RichTable(box=SIMPLE_HEAD)
    for column, name in enumerate(table.head):
        shown.add_column(name, justify="left" if column < table.words else "right", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    console.print(Text(table.title))
    console.print(shown)
