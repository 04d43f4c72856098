"""``cotam info``."""

from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli import options

if TYPE_CHECKING:
    from rich.table import Table

    from cotam.codec import StreamInfo
    from cotam.codec.info import FrameInfo


def info(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A .cotam stream, or - for standard input.")],
    frames: Annotated[
        bool, typer.Option("--frames", help="List every frame of a sequence: time, quality, bytes, kind.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Describe a stream: size, model, quality, bytes per part and level map.

    Nothing is decoded and no model is needed. The level map is drawn with its levels as signed numbers, + is finer; of
    a sequence it is the first frame's.
    """
    from cotam import read_info
    from cotam.cli.console import output, print_json
    from cotam.cli.files import naming, read_input
    from cotam.cli.level_map_drawing import level_map_drawing
    from cotam.codec.info import read_frames

    data = read_input(source)
    with naming(source):
        described = read_info(data)
        listed = read_frames(data) if frames else []
    if as_json:
        print_json(described.to_dict() | ({"frame_list": [vars(item) for item in listed]} if frames else {}))
        return
    console = output()
    console.print(info_table(described))
    if described.level_map is not None:
        console.print(level_map_drawing(described.level_map.levels, console.width))
    if frames:
        console.print(frames_table(listed))


def info_table(described: "StreamInfo") -> "Table":
    """The description as a table of two columns."""
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in _rows(described):
        table.add_row(name, value)
    return table


def frames_table(listed: "list[FrameInfo]") -> "Table":
    """The frames of a sequence, one in a row."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("frame", "time", "kind", "quality", "level map", "bytes"):
        table.add_column(name, justify="left" if name in ("kind", "level map") else "right")
    for item in listed:
        kind = "predicted" if item.predicted else "key"
        shift = "uniform" if item.level_map is None else item.level_map
        time = f"{item.timestamp_ms / 1000:.3f} s"
        table.add_row(f"{item.index:,}", time, kind, f"{item.quality:g}", shift, f"{item.total_bytes:,}")
    return table


def _rows(described: "StreamInfo") -> list[tuple[str, str]]:
    parts = ", ".join(
        f"{name.replace('_', ' ')} {count:,}" for name, count in described.parts.items() if count
    )
    level_map = described.level_map
    shift = "uniform"
    if level_map is not None:
        rows, columns = level_map.levels.shape
        shift = f"{rows} x {columns} cells of {level_map.count} levels, {level_map.strength:g} quality each"
    colours = "grey" if described.grey else "colour"
    return [
        ("size", f"{described.width} x {described.height}, {colours}"),
        ("model", f"{described.model or 'not shipped with this cotam'} ({described.model_id})"),
        ("quality", f"{described.quality:g}"),
        ("frames", f"{described.frames:,}"),
        ("metadata", ", ".join(described.metadata) or "none"),
        ("bytes", f"{described.total_bytes:,} ({parts})"),
        ("rate", f"{described.bpp:.4f} bpp"),
        ("format", f"version {described.version}"),
        ("level map", shift),
    ]
