"""Open files of a process with the proxies of many runs: how many it may have, and how many a run needs."""

from __future__ import annotations

import resource

#: Open files of one process at most, where the system permits so many.
_MOST_FILES = 1 << 16
#: Those that it has whatever its runs are: pipes, its log, its line to the daemon, what it writes at the moment.
_OWN_FILES = 64
#: Those of a run: its own, and for each worker the log of an attempt, and of the one before until that is closed.
_RUN_FILES, _WORKER_FILES = 8, 2


def most_open_files(limit: int) -> int:
    """Return how many files one process has open at most.

    Args:
        limit: The system's hard limit.
    """
    return _MOST_FILES if limit == resource.RLIM_INFINITY else min(limit, _MOST_FILES)


def files_for_runs(limit: int) -> int:
    """Return how many files the runs of one process may have open together.

    Args:
        limit: The system's hard limit of open files.
    """
    return max(0, most_open_files(limit) - _OWN_FILES)


def files_of_run(workers: int) -> int:
    """Return how many files a run has open at most.

    Args:
        workers: How many workers it has.
    """
    return _RUN_FILES + _WORKER_FILES * workers
