"""Ctrl-C and SIGTERM: a run ends between two steps, and goes on as if nothing had happened."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator

import pytest
import torch
from training.launching import launch
from training.short_runs import CONFIG, STEPS, TESTS, begin

from cotam.cli.running import INTERRUPTED, run
from cotam.errors import InterruptedRunError
from cotam.training import stopping
from cotam.training.checkpoints import load_checkpoint
from cotam.training.run import TrainingRun
from cotam.training.stopping import SIGNALS, stop_requests

SCRIPT = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
from training.short_runs import CONFIG, begin
from training.test_stopping import signalled_in_step
from cotam.errors import InterruptedRunError

run = begin(sys.argv[2], sys.argv[3], CONFIG)
if run.rank == 1:
    signalled_in_step(run, 2, signal.SIGTERM)
try:
    run.run()
except InterruptedRunError:
    raise SystemExit(0 if run.step == 2 else 3)
"""


@pytest.fixture(autouse=True)
def _as_in_a_terminal() -> Iterator[None]:
    """What the tests are started by may have them ignore Ctrl-C, as shells do in the background."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def signalled_in_step(run: TrainingRun, step: int, number: int) -> None:
    learn = run._learn

    def interrupted(*arguments):
        if run.step == step - 1:
            os.kill(os.getpid(), number)
        return learn(*arguments)

    run._learn = interrupted


@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_that_is_stopped_goes_on_as_if_it_had_not_been(photographs, tmp_path, number):
    begin(tmp_path / "unbroken", photographs, CONFIG).run()
    stopped = begin(tmp_path / "run", photographs, CONFIG)
    signalled_in_step(stopped, 2, number)
    with pytest.raises(InterruptedRunError, match=r"run: stopped at step 2; --resume goes on from there"):
        stopped.run()
    assert load_checkpoint(tmp_path / "run")["step"] == 2
    begin(tmp_path / "run", photographs, CONFIG, resume=True).run()
    one, other = (load_checkpoint(tmp_path / name) for name in ("unbroken", "run"))
    assert other["step"] == STEPS
    assert all(torch.equal(value, other["average"][name]) for name, value in one["average"].items())


def test_processes_stop_at_one_step_though_a_single_one_is_asked(photographs, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    launch(tmp_path / "script.py", TESTS, tmp_path / "run", photographs)
    assert load_checkpoint(tmp_path / "run")["step"] == 2


def test_at_the_command_line_it_is_one_line_and_nothing_is_exported(tmp_path, monkeypatch, capsys):
    class Training:
        def run(self):
            raise InterruptedRunError("run: stopped at step 7; --resume goes on from there")

    monkeypatch.setattr("cotam.cli.train._training", lambda *_, **__: Training())
    assert run(["train", "codec", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == INTERRUPTED
    assert capsys.readouterr().err == "cotam: error: run: stopped at step 7; --resume goes on from there\n"


def test_the_first_signal_asks_and_one_that_is_no_echo_of_it_interrupts(monkeypatch):
    before, asked = signal.getsignal(signal.SIGINT), []
    with stop_requests(lambda: asked.append(1)):
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
        assert asked == [1]
        monkeypatch.setattr(stopping, "ECHO_SECONDS", -1.0)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert asked == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_forked_child_takes_no_interrupt_and_ends_on_sigterm():
    fork = multiprocessing.get_context("fork")
    with stop_requests(lambda: pytest.fail("the child asked")):
        ready = fork.Event()
        child = fork.Process(target=_wait, args=(ready,), daemon=True)
        child.start()
        assert ready.wait(60)
        os.kill(child.pid, signal.SIGINT)
        child.join(0.5)
        assert child.is_alive()
        child.terminate()
        child.join(60)
    assert child.exitcode == -signal.SIGTERM


def _wait(ready) -> None:
    ready.set()
    while True:
        threading.Event().wait(0.05)


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_requests(lambda: pytest.fail("it was heard")):
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_signals_stay_as_they_are():
    found = []

    def work():
        with stop_requests(lambda: None):
            found.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]
