"""Put first on a worker's path by the conformance kit: holds its main thread on request, or hides MOSAIC from it.

Standard library alone, Python 3.8 or later, and few imports: every start of the worker passes through here. Does
nothing unless the kit's variables are set.
"""

import os
import signal
import sys
import time
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def _hold(_number, frame):  # type: ignore[no-untyped-def]
    # Signal handlers run in the main thread: while this sleeps, only other threads go on.
    if _is_emitting(frame):
        # It may hold the emitter's lock, for which a heartbeat would wait: no thread is at fault there.
        import threading

        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR2)).start()
        return
    mark = os.environ["MOSAIC_CHECK_HELD"]
    with open(mark + ".part", "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(str(_lines_stuck()))
    os.rename(mark + ".part", mark)  # noqa: PTH104
    end = time.monotonic() + float(os.environ["MOSAIC_CHECK_HOLD_S"])
    while time.monotonic() < end and not os.path.exists(mark + ".release"):  # noqa: PTH110
        time.sleep(0.05)


def _is_emitting(frame) -> bool:  # type: ignore[no-untyped-def]
    """Return whether the main thread was interrupted in the middle of an event."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "gym_gui.core.worker.telemetry":
            return True
        frame = frame.f_back
    return False


def _lines_stuck() -> int:
    """Return how many lines of telemetry were waiting in a buffer, and let them out."""
    with open(os.environ["MOSAIC_LOG"], "rb") as log:  # noqa: PTH123
        log.seek(0, os.SEEK_END)
        try:
            if sys.__stdout__ is not None:
                sys.__stdout__.flush()
        except (RuntimeError, ValueError, OSError):
            return 0  # it was being written to at this very moment, or it is closed
        return log.read().count(b"\n")


class _Hidden:
    """Lets no module of MOSAIC be found, as if it were not installed."""

    def find_spec(self, name, _path=None, _target=None):  # type: ignore[no-untyped-def]
        if name.partition(".")[0] == "gym_gui":
            raise ModuleNotFoundError("No module named 'gym_gui'", name="gym_gui")


def _run_next_of_same_name() -> None:
    """Run the sitecustomize that this one stands in front of."""
    here = __file__.rpartition("/")[0]
    spec = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if entry != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


if "MOSAIC_CHECK_HELD" in os.environ and hasattr(signal, "SIGUSR2"):
    signal.signal(signal.SIGUSR2, _hold)
if "MOSAIC_CHECK_HIDE" in os.environ:
    sys.meta_path.insert(0, _Hidden())
_run_next_of_same_name()
