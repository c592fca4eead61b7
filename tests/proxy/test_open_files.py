"""How many files a process with the proxies of many runs may have open, and how many a run needs."""

from __future__ import annotations

import resource

from gym_gui.proxy import files_for_runs, files_of_run, most_open_files


def test_a_process_opens_as_many_files_as_the_system_permits_up_to_a_limit() -> None:
    assert most_open_files(1024) == 1024
    assert most_open_files(1 << 20) == most_open_files(resource.RLIM_INFINITY) == 1 << 16
    assert files_for_runs(1024) == 960
    assert files_for_runs(5) == 0


def test_each_worker_needs_files_of_its_own() -> None:
    assert files_of_run(1) == 10
    assert files_of_run(100) - files_of_run(99) == 2
