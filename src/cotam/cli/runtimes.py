"""Which runtime a command uses: torch, or an edge runtime that does without."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

import typer

if TYPE_CHECKING:
    from cotam.codec import Codec
    from cotam.edge import EdgeCodec

Chosen = Literal["torch", "openvino", "onnx"]
NAMES: Final = ("auto", "torch", "openvino", "onnx")

Option = Annotated[
    str,
    typer.Option(
        "--runtime",
        metavar="|".join(NAMES),
        help="What runs the networks; auto is the fastest that is installed and can do what is asked.",
    ),
]


def chosen_runtime(name: str, device: str | None, beyond_edge: str | None = None) -> Chosen:
    """Choose a runtime.

    Args:
        name: as the option gives it.
        device: what ``--device`` says, which only torch obeys.
        beyond_edge: an option that was given and needs torch.

    Raises:
        ValueError: no such runtime, or one that cannot do what is asked.
        ModelError: it is not installed.
    """
    from cotam.edge import fastest_runtime, is_installed
    from cotam.errors import ModelError

    if name not in NAMES:
        raise ValueError(f"--runtime must be one of {', '.join(NAMES)}, not {name!r}")
    needs_torch = beyond_edge or ("--device" if device is not None else None)
    if name == "auto":
        name = (None if needs_torch else fastest_runtime()) or "torch"
    if name == "torch":
        if find_spec("torch") is None:
            raise ModelError(
                f"{needs_torch or '--runtime torch'} needs torch, which is not installed: pip install torch"
                + ("" if needs_torch else "; or, to do without, pip install 'cotam[edge]'")
            )
    elif needs_torch:
        raise ValueError(f"{needs_torch} needs --runtime torch")
    elif not is_installed(name):
        raise ModelError(f"--runtime {name} is not installed: pip install 'cotam[edge]'")
    return cast(Chosen, name)


@dataclass(frozen=True)
class Machine:
    """What runs the networks, as the options say."""

    runtime: str
    """One of `NAMES`."""
    device: str | None
    threads: int | None

    def load(self, model: str, beyond_edge: str | None = None) -> "Codec | EdgeCodec":
        """Load a codec; arguments and errors as in `chosen_runtime` and `cotam.load_codec`."""
        runtime = chosen_runtime(self.runtime, self.device, beyond_edge)
        if runtime == "torch":
            from cotam import load_codec

            return load_codec(model, device=self.device, threads=self.threads)
        from cotam.edge import load_edge_codec

        codec: EdgeCodec = load_edge_codec(model, runtime=runtime, threads=self.threads)
        return codec
