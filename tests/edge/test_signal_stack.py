import subprocess
import sys

import pytest

from cotam.edge import is_installed

HANDLE_A_SIGNAL = """
import gc, os, signal
import numpy as np
from cotam.edge import load_edge_codec

signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
codec = load_edge_codec(runtime="openvino")
codec.decode(codec.encode(np.zeros((64, 64, 3), np.uint8)))
os.kill(os.getpid(), signal.SIGUSR1)
del codec
gc.collect()
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="signal stacks are looked after on Linux")
@pytest.mark.skipif(not is_installed("openvino"), reason="OpenVINO is not installed")
def test_signals_are_handled_while_openvino_is_used_and_after_its_graphs_are_gone():
    found = subprocess.run([sys.executable, "-c", HANDLE_A_SIGNAL], capture_output=True, text=True)
    assert (found.returncode, found.stdout.split()) == (0, ["handled", "handled"]), found.stderr
