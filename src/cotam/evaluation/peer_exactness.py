"""``cotam bench peers``: what becomes of CompressAI's streams under the changes that ours must bear."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

from cotam.errors import CotamError
from cotam.evaluation.rate import pictures_of
from cotam.evaluation.speed.peers import PROGRAMS, check_interpreter

PROGRAM: Final = PROGRAMS / "compressai_exactness.py"


def measure_peers(
    python: Path,
    images: Path,
    train: Path | None,
    steps: int,
    num: int,
    *,
    compiled: bool,
    program: Path = PROGRAM,
) -> dict[str, Any]:
    """Run the program, which says at its top what it does.

    Args:
        python: an interpreter with CompressAI.
        images: folder of pictures to code; the first ``num`` are taken.
        train: folder of pictures to train on before; None leaves random weights.
        steps: of training.
        num: pictures to code.
        compiled: also run the decoder's networks through ``torch.compile``.
        program: what the interpreter runs.

    Raises:
        CotamError: the interpreter is not there, or CompressAI is not.
        ImageError: there is no such folder, or no picture in it.
    """
    request: dict[str, Any] = {
        "images": [str(path) for path in pictures_of(images)[:num]],
        "train": [str(path) for path in pictures_of(train)] if train else [],
        "steps": steps,
        "compiled": compiled,
    }
    check_interpreter(python, program)
    done = subprocess.run(
        [python, program], input=json.dumps(request), stdout=subprocess.PIPE, text=True, check=False
    )
    try:
        return {"pictures": len(request["images"]), **json.loads(done.stdout)}
    except json.JSONDecodeError as error:
        raise CotamError(f"--peers-python {python}: the program gave no answer") from error
