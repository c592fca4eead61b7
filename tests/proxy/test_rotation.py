"""A worker may rename, replace and truncate its log: what can be read is read, what cannot be is counted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.proxy.reindex import reindex_run
from gym_gui.proxy.summary import read_summary
from gym_gui.retention.logs import retain_logs
from gym_gui.telemetry.verify import verify_run

LINES = 20_000
HEAD = f"""
import logging.handlers, os, sys, time
path = os.environ["MOSAIC_LOG"]
total = {LINES}
def step(i):
    return '{{"event_type": "step", "step_index": %d, "reward": 1.0}}\\n' % i
"""
PROGRAMS = {
    "renamed after every 60 lines": """
for first in range(0, total, 60):
    with open(path, "a") as log:
        log.writelines(map(step, range(first, min(first + 60, total))))
    os.rename(path, path + ".%d" % (first // 60))
open(path, "a").close()
""",
    "renamed, shifted and dropped by a rotating handler": """
handler = logging.handlers.RotatingFileHandler(path, maxBytes=100_000, backupCount=3)
handler.terminator = ""
logger = logging.getLogger("x"); logger.addHandler(handler); logger.setLevel("INFO"); logger.propagate = False
for i in range(total):
    logger.info(step(i))
    if i % 200 == 0: time.sleep(0.002)
""",
    "moved out of the folder": """
for first in range(0, total, 2000):
    with open(path, "a") as log:
        log.writelines(map(step, range(first, first + 2000)))
    os.rename(path, "moved.%d" % first)
""",
    "replaced by files that are moved there": """
for first in range(0, total, 60):
    with open("other", "w") as log:
        log.writelines(map(step, range(first, min(first + 60, total))))
    os.rename("other", path)
""",
    "replaced by a file that is moved there before it has printed anything": """
for first in range(0, total, total // 5):
    with open("other", "w") as log:
        log.writelines(map(step, range(first, first + total // 5)))
    os.rename("other", path)
""",
    "printed on into the file that was renamed": """
os.rename(path, path + ".old")
with open(path, "a") as log:
    log.writelines(map(step, range(0, total, 2)))
for i in range(1, total, 2):
    sys.stdout.write(step(i))
""",
}


def run_of(new_run: Callable[..., Any], code: str) -> Any:
    return new_run(argv=[sys.executable, "-S", "-c", HEAD + code])


@pytest.mark.parametrize("how", PROGRAMS)
def test_a_log_that_is_renamed_faster_than_it_is_looked_at_loses_nothing_in_silence(
    new_run: Callable[..., Any], how: str
) -> None:
    run = run_of(new_run, PROGRAMS[how])
    assert run.start().wait(200) == 0, run.said()
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()
    summary = read_summary(run.folder)
    ((stored, distinct),) = run.query("SELECT count(*), count(DISTINCT step_index) FROM steps")
    assert stored == distinct == summary.ledger.stored
    whole = stored == LINES and "moved there" not in how  # of those nobody can know how many there were
    assert report.complete == whole, (stored, report.to_dict())
    assert ("incomplete" in summary.cause) != report.complete
    if "dropped" not in how and "moved" not in how:
        assert stored == LINES
    before, ids = report.to_dict(), run.query("SELECT id, step_index FROM steps ORDER BY id")
    for without in (False, True):
        if without and any(log["sealed_segments"] > log["recounted_segments"] for log in before["logs"]):
            break  # what is not to be had any more is in the old database alone
        if without:
            run.folder.database.unlink()
        reindex_run(run.folder)
        assert run.query("SELECT id, step_index FROM steps ORDER BY id") == ids
        assert verify_run(run.folder).to_dict() == before
    retain_logs(run.folder, 1)
    assert verify_run(run.folder).ok


TRUNCATIONS = {
    "the same lines, in place": "with open(path, 'r+') as log: log.truncate(0); log.writelines(map(step, range(100)))",
    "the same lines and more": "with open(path, 'r+') as log: log.truncate(0); log.writelines(map(step, range(150)))",
    "opened for writing": "with open(path, 'w') as log: log.writelines(map(step, range(100)))",
    "a copy of the same name": "import shutil; shutil.copy(path, 'x'); os.replace('x', path)",
}


@pytest.mark.parametrize("how", TRUNCATIONS)
def test_a_log_that_is_truncated_and_has_grown_again_is_read_again_and_never_called_complete(
    new_run: Callable[..., Any], until: Callable[..., Any], how: str
) -> None:
    code = "with open(path, 'a') as log: log.writelines(map(step, range(100)))\n"
    code += "while not os.path.exists('go'): time.sleep(0.01)\n" + TRUNCATIONS[how]
    run = run_of(new_run, code)
    proxy = run.start()
    until(lambda: run.folder.database.exists() and _steps(run) == 100)
    (run.folder.work("a") / "go").touch()
    assert proxy.wait(120) == 0, run.said()
    # Who moves one file over the log may have moved several: the system tells of them as one.
    again = 150 if "more" in how else 100
    assert _steps(run) == 100 + again
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()
    assert not report.complete
    reindex_run(run.folder)
    assert _steps(run) == 100 + again
    assert verify_run(run.folder).to_dict() == report.to_dict()


def test_a_log_that_is_renamed_while_nobody_watches_is_read_on_and_not_called_complete(
    new_run: Callable[..., Any], until: Callable[..., Any]
) -> None:
    code = """
with open(path, 'a') as log:
    log.writelines(map(step, range(100))); log.flush()
    while not os.path.exists('go'): time.sleep(0.01)
    log.writelines(map(step, range(100, 200)))
for first in (200, 300):
    os.rename(path, path + ".%d" % first)
    with open(path, 'a') as log: log.writelines(map(step, range(first, first + 100)))
open('done', 'w').close()
while not os.path.exists('end'): time.sleep(0.01)
"""
    run = run_of(new_run, code)
    proxy = run.start()
    until(lambda: run.folder.database.exists() and _steps(run) == 100)
    proxy.kill()
    proxy.wait()
    work: Path = run.folder.work("a")
    (work / "go").touch()
    until((work / "done").exists)
    proxy = run.start()
    until(lambda: _steps(run) == 400)
    (work / "end").touch()
    assert proxy.wait(120) == 0, run.said()
    report = verify_run(run.folder)
    assert (report.ok, report.complete) == (True, False), report.to_dict()
    assert run.query("SELECT count(DISTINCT step_index) FROM steps") == [(400,)]


def _steps(run: Any) -> int:
    import sqlite3

    try:
        return int(run.query("SELECT count(*) FROM steps")[0][0])
    except sqlite3.Error:
        return 0
