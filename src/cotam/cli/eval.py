"""``cotam eval``: what is left of a picture's meaning at a rate, as an MLLM's answers and as people see it."""

import typer

from cotam.cli.eval_human import human
from cotam.cli.eval_levelvqa import levelvqa
from cotam.cli.eval_lmms import lmms
from cotam.cli.eval_reproduce import reproduce

app = typer.Typer(
    help="Rate against accuracy of an MLLM's answers, and against what people see.",
    no_args_is_help=True,
    add_completion=False,
)
app.command(epilog="Example: cotam eval levelvqa --method jpeg,cotam-s --bpp 0.1,0.2,0.4 --out report")(
    levelvqa
)
app.command(epilog="Example: cotam eval lmms --tasks mme,pope --mllm llava-hf/llava-1.5-7b-hf --bpp 0.1")(
    lmms
)
app.command(epilog="Example: cotam eval human --images kodak --guidance saliency --json human.json")(human)
app.command(epilog="Example: cotam eval reproduce --quick --json quick.json --page quick.md")(reproduce)
