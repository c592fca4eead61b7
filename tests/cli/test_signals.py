"""Signals end a command, at whatever moment they come."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_any_moment_of_the_start_ends_the_command(script: Any, number: signal.Signals) -> None:
    code = "import time\ntime.sleep(600)"
    script("train", "script", f"--set=code={code}", "--detach")
    whole = time.monotonic()
    script("runs", "list")
    whole = time.monotonic() - whole
    for command in (["runs", "watch", "latest"], ["runs", "list"], ["runs", "tail", "latest"], ["workers", "list"]):
        for part in range(2, 8):
            started = script.start(*command)
            time.sleep(whole * part / 5)
            started.send_signal(number)
            _, errors = started.communicate(timeout=60)
            assert started.returncode in (130, -number, 0), (command, part, errors)
            assert started.returncode != 0 or "list" in command  # it had ended before
            # Before main() the interpreter itself is starting.
            assert "Traceback" not in errors or ", in main\n" not in errors, (command, part, errors)
    assert script("runs", "cancel", "latest", "--wait").code == 0


@pytest.mark.process
def test_a_signal_where_python_ignores_exceptions_is_not_lost() -> None:
    """In a finalizer or the callback of a weak reference, as imports have them."""
    program = """if True:
        import os, signal, sys, time
        from gym_gui.cli.signals import end_in_good_order
        end_in_good_order()
        class Finalized:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.1)
        try:
            Finalized()
            time.sleep(5)
        except KeyboardInterrupt:
            sys.exit(130)
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "")


SWALLOWING = """
import os, signal, time
try:
    os.kill(os.getpid(), signal.%s)
    time.sleep(0.1)
except BaseException:
    print("an import was interrupted")
"""
COMMAND = """if True:
    import sys, time
    from gym_gui.cli.signals import end_in_good_order
    end_in_good_order()
    try:
        import swallowing
        time.sleep(10)
    except KeyboardInterrupt:
        print("ended")
"""


@pytest.mark.process
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_during_an_import_waits_for_its_end(tmp_path: Path, name: str) -> None:
    """Compiled code that modules call while they are loaded clears exceptions that it does not expect."""
    (tmp_path / "swallowing.py").write_text(SWALLOWING % name)
    ended = subprocess.run([sys.executable, "-c", COMMAND], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("ended\n", "")


@pytest.mark.process
def test_signals_that_are_ignored_stay_ignored() -> None:
    """As a shell has them for commands in the background, and nohup."""
    program = """if True:
        import os, signal
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        from gym_gui.cli.signals import end_in_good_order
        end_in_good_order()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGHUP)
        print("goes on")
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("goes on\n", "")
