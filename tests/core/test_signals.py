"""A request to end reaches the training, wherever in the code it comes in."""

from __future__ import annotations

import copy
import pickle
import signal
from typing import Any

from gym_gui.core.worker.signals import Cancelled

SWALLOWED = """
import os, signal, sys, time
from gym_gui.core.worker.signals import Cancelled, cancel_on_signals

class Busy:
    def __del__(self):
        # What is raised in a destructor goes nowhere; so it is in callbacks from C.
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(100_000):
            pass

hook = sys.unraisablehook
try:
    with cancel_on_signals():
        busy = Busy()
        del busy
        end = time.monotonic() + 30
        while time.monotonic() < end:
            time.sleep(0.01)
        print("nobody said anything")
except Cancelled as cancelled:
    os.kill(os.getpid(), signal.SIGTERM)  # a further one does not disturb
    time.sleep(0.1)
    print(cancelled.signal_name, sys.unraisablehook is hook)
"""


def test_a_request_that_comes_in_a_destructor_is_not_lost(script: Any) -> None:
    done = script.run(SWALLOWED)
    assert done.stdout == "SIGTERM True\n", done.stderr
    assert done.stderr == ""


def test_a_cancellation_can_be_copied_and_pickled() -> None:
    for again in (copy.copy(Cancelled(signal.SIGINT)), pickle.loads(pickle.dumps(Cancelled(signal.SIGINT)))):
        assert (again.signal_name, again.exit_code, str(again)) == ("SIGINT", 130, "SIGINT received")
