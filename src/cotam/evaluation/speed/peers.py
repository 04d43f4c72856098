"""CompressAI's models, in a process of an interpreter that has CompressAI.

`benchmarks/peers/compressai_speed.py` says what the process is asked and what it answers.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

import cotam
from cotam.errors import CotamError
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.timed_codec import Timed
from cotam.evaluation.synthetic import synthetic_picture

PROGRAMS: Final = Path(cotam.__file__).parents[2] / "benchmarks" / "peers"
PROGRAM: Final = PROGRAMS / "compressai_speed.py"
NEEDED: Final = ("compressai", "numpy", "torch")
MISSING: Final = (
    f"import importlib.util as u; print(*(n for n in {NEEDED} if u.find_spec(n) is None), sep=', ')"
)
"""Program that tells which of the needed packages an interpreter has not."""
MOST_PIXELS: Final = 1_000_000
"""Beyond this a round of a peer takes minutes."""


def check_interpreter(python: Path, program: Path) -> None:
    """Make sure that an interpreter can run a program of the peers.

    Raises:
        CotamError: interpreter, program or a package is not there.
    """
    if not program.is_file():
        raise CotamError(f"{program}: no such file; peers are run from a source tree of cotam")
    try:
        done = subprocess.run([python, "-c", MISSING], capture_output=True, text=True, check=True)
    except OSError as error:
        raise CotamError(
            f"--peers-python {python}: cannot be run ({error.strerror}); name an interpreter that has CompressAI"
        ) from error
    except subprocess.CalledProcessError as error:
        raise CotamError(f"--peers-python {python}: is no Python interpreter") from error
    if done.stdout.strip():
        raise CotamError(f"--peers-python {python}: has not {done.stdout.strip()}; see benchmarks/README.md")


class PeerProcess:
    """A running program that answers requests line by line."""

    def __init__(self, python: Path, program: Path, folder: Path) -> None:
        """Start it.

        Args:
            python: the interpreter.
            program: what it runs.
            folder: where pictures for it go.

        Raises:
            CotamError: interpreter or program is not there, or has not what it needs.
        """
        check_interpreter(python, program)
        self._process = subprocess.Popen(
            [python, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._python, self._folder = python, folder
        self._pictures: dict[tuple[int, ...], str] = {}
        try:
            self.codecs: dict[str, str] = self._read("codecs")["codecs"]
            """Settings of what it has, by name."""
        except CotamError:
            self.close()
            raise

    def time(self, name: str, pixels: Pixels, threads: int) -> dict[str, Any]:
        """Have a picture coded and decoded.

        Raises:
            CotamError: the program stopped.
        """
        assert self._process.stdin is not None
        request = {"codec": name, "picture": self._file(pixels), "threads": threads}
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
        except BrokenPipeError as error:
            raise CotamError(f"--peers-python {self._python}: the program has stopped") from error
        return self._read("encode")

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # a request that a program which has stopped did not take
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _read(self, key: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            found = json.loads(line)
        except json.JSONDecodeError as error:
            raise CotamError(f"--peers-python {self._python}: the program gave no answer") from error
        if not isinstance(found, dict) or key not in found:
            raise CotamError(f"--peers-python {self._python}: the program gave an answer without {key!r}")
        return found

    def _file(self, pixels: Pixels) -> str:
        """The picture as a file, written once a size: all pictures here are `synthetic_picture`."""
        if pixels.shape not in self._pictures:
            path = self._folder / f"{pixels.shape[1]}x{pixels.shape[0]}.npy"
            np.save(path, pixels)
            self._pictures[pixels.shape] = str(path)
        return self._pictures[pixels.shape]


@dataclass(frozen=True)
class PeerCodec:
    """One model of a `PeerProcess`, timed."""

    process: PeerProcess
    name: str
    settings: str
    python: Path
    program: Path
    runtime: str = "torch"
    compared: bool = False
    most_pixels: int | None = MOST_PIXELS

    def time(self, pixels: Pixels, threads: int) -> Timed:
        """See `TimedCodec.time`."""
        found = self.process.time(self.name, pixels, threads)
        return Timed(found["encode"], found["decode"], found["bytes"])

    def peak_memory(self, width: int, height: int) -> int | None:
        """See `TimedCodec.peak_memory`."""
        with peer_codecs(self.python, self.program) as fresh:
            (peer,) = [codec for codec in fresh if codec.name == self.name]
            peak: int | None = peer.process.time(self.name, synthetic_picture(width, height), 1)["peak_bytes"]
            return peak


@contextmanager
def peer_codecs(python: Path, program: Path = PROGRAM) -> Iterator[list[PeerCodec]]:
    """The peers that an interpreter has, as long as the process runs.

    Args:
        python: an interpreter with CompressAI.
        program: what it runs.

    Raises:
        CotamError: there is no such interpreter, or CompressAI is not there.
    """
    with TemporaryDirectory() as folder:
        process = PeerProcess(python, program, Path(folder))
        try:
            yield [
                PeerCodec(process, name, settings, python, program)
                for name, settings in process.codecs.items()
            ]
        finally:
            process.close()
