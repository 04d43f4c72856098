"""``cotam complexity``."""

from cotam.cli import options


def complexity(model: options.Model = options.DEFAULT_MODEL, as_json: options.Json = False) -> None:
    """Count parameters and multiply-accumulates of codec, adapter, neck, and the tower's layers that a neck skips.

    Per pixel of the coded picture. One for each product in convolutions, matrix products and attention, and one for
    each bias.
    """
    from rich.table import Table

    from cotam.checkpoint import load_model
    from cotam.cli.console import output, print_json
    from cotam.evaluation.complexity import groups

    found = groups(load_model(model).network.config)
    if as_json:
        print_json([group.to_dict() for group in found])
        return
    for group in found:
        table = Table(title=group.name, title_justify="left", box=None, pad_edge=False)
        table.add_column("part", min_width=34)
        table.add_column("parameters", justify="right", min_width=12)
        table.add_column("kMAC/pixel", justify="right", min_width=10)
        for part in group.parts:
            table.add_row(part.name, f"{part.parameters:,}", f"{part.kmacs_per_pixel:.3f}")
        output().print(table)
