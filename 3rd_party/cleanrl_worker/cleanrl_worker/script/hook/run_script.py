"""Runs a script as ``python script.py`` would, with its environments recorded.

Run as ``python run_script.py SCRIPT [ARGUMENT …]``, with what to record in the variable ``CLEANRL_WORKER_HOOK``.
The interpreter may be another one than the worker's and hold nothing of it: the standard library alone, Python 3.8.
"""

from __future__ import annotations

import importlib.abc
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable
from typing import Any

import _cleanrl_worker_recording as recording

PR_SET_PDEATHSIG = 1
#: Seconds until a TensorBoard writer puts out what it holds; its own default of 120 is no live telemetry.
FLUSH_S = 1


class AfterImport(importlib.abc.MetaPathFinder):
    """Calls functions on modules as soon as they are imported.

    Args:
        hooks: Module name to function.
    """

    def __init__(self, hooks: dict[str, Callable[[Any], None]]) -> None:
        self._hooks = hooks

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find a module as the other finders do, and have its loader call the function."""
        if name not in self._hooks:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None and finder is not self else None
            if spec is not None and spec.loader is not None:
                self._wrap(spec.loader, self._hooks[name])
                return spec
        return None

    @staticmethod
    def _wrap(loader: Any, hook: Callable[[Any], None]) -> None:
        execute = loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            hook(module)

        loader.exec_module = exec_module


def flush_often(module: Any) -> None:
    """Have the module's ``SummaryWriter`` put out scalars within a second, where the script does not say otherwise."""
    original = module.SummaryWriter.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it takes the place of one
        if len(args) < 5:
            kwargs.setdefault("flush_secs", FLUSH_S)
        original(self, *args, **kwargs)

    module.SummaryWriter.__init__ = __init__


def die_with_parent() -> None:
    """Have the kernel end this process when the worker is gone, on systems that can."""
    parent = int(os.environ.get("CLEANRL_WORKER_PID", "0"))
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    except (ImportError, AttributeError, OSError):
        return
    if parent and os.getppid() != parent:
        sys.exit(143)


def end_politely(number: int, _frame: Any) -> None:
    """End as at ``sys.exit``, so that what the script closes in ``finally`` and at exit is closed."""
    signal.signal(number, signal.SIG_DFL)
    sys.exit(128 + number)


def main() -> None:
    """Install the hooks and run the script."""
    die_with_parent()
    signal.signal(signal.SIGTERM, end_politely)
    recorder = recording.Recorder(**json.loads(os.environ["CLEANRL_WORKER_HOOK"]))
    sys.meta_path.insert(
        0,
        AfterImport(
            {
                "gymnasium": recorder.watch,
                "gym": recorder.watch,
                "torch.utils.tensorboard.writer": flush_often,
                "tensorboardX.writer": flush_often,
            }
        ),
    )
    del sys.argv[0]
    script = os.path.abspath(sys.argv[0])  # noqa: PTH100 - a heavy import on Python 3.8
    sys.path[0] = os.path.dirname(script)  # noqa: PTH120 - instead of this file's folder
    sys.path.append(os.path.dirname(sys.path[0]))  # noqa: PTH120 - where CleanRL's checkout keeps cleanrl_utils
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
