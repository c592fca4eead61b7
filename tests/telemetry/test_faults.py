"""What may happen to an ingestor: rivals, kill -9 at any moment, a full disk. The count stays right."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.telemetry.errors import DiskFull, Fenced
from gym_gui.telemetry.ingest import Ingestor
from gym_gui.telemetry.verify import verify_run

#: Ingests for ever, in small transactions.
INGEST = """
import sys
from pathlib import Path
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import load_plan
from gym_gui.telemetry.ingest import Ingestor

folder = RunFolder(Path(sys.argv[1]))
ingestor = Ingestor(folder, load_plan(folder))
ingestor.add_source(1, "000001", 1, folder.stdout_log("000001", 1))
print("ready", flush=True)
while True:
    ingestor.pump(int(sys.argv[2]))
"""


def start(folder: Path, max_bytes: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", textwrap.dedent(INGEST), str(folder), str(max_bytes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@contextlib.contextmanager
def running(folder: Path, max_bytes: int) -> Iterator[subprocess.Popen[bytes]]:
    process = start(folder, max_bytes)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.fault
@pytest.mark.parametrize("kills", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_kill_minus_nine_at_any_moment_loses_and_doubles_nothing(
    logged_run: Any, sdk_line: Callable[..., bytes], kills: int
) -> None:
    chance = random.Random(7)
    printed = 0
    for _ in range(kills):
        with running(logged_run.folder.path, chance.choice([20_000, 100_000, 1_000_000])) as process:
            for _ in range(5):
                count = chance.randrange(1, 2000)
                lines = b"".join(sdk_line(step_index=printed + i, ep_index=(printed + i) // 100) for i in range(count))
                logged_run.append(lines)
                printed += count
            time.sleep(chance.random() * 0.1)
            process.send_signal(signal.SIGKILL)
    ledger = logged_run.ingest()
    assert (ledger.lines, ledger.stored) == (printed, printed)
    assert logged_run.query("SELECT count(*), count(DISTINCT step_index) FROM steps") == [(printed, printed)]
    report = verify_run(logged_run.folder)
    assert report.ok, report.to_dict()


@pytest.mark.fault
def test_two_ingestors_at_once_store_every_line_once(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    printed = 0
    with running(logged_run.folder.path, 50_000) as first, running(logged_run.folder.path, 50_000) as second:
        for _ in range(40):
            logged_run.append(b"".join(sdk_line(step_index=printed + i) for i in range(250)))
            printed += 250
        assert first.wait(timeout=60) != 0
        assert first.stderr is not None
        assert b"Fenced" in first.stderr.read()
        assert second.poll() is None
    ledger = logged_run.ingest()
    assert (ledger.lines, ledger.stored) == (printed, printed)
    assert logged_run.query("SELECT count(*) FROM steps") == [(printed,)]


def test_ingestors_that_take_over_from_each_other_in_turns(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    ingestors: list[Ingestor] = []
    fenced = 0
    for number in range(20):
        logged_run.append(sdk_line(step_index=number))
        ingestors.append(logged_run.ingestor())
        for ingestor in ingestors[-3:]:
            try:
                ingestor.pump()
            except Fenced:  # noqa: PERF203 - what is being counted
                fenced += 1
    for ingestor in ingestors:
        ingestor.close()
    assert fenced > 0
    assert logged_run.ingest().stored == 20
    assert logged_run.query("SELECT step_index FROM steps") == [(number,) for number in range(20)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("filling a disk needs a small one, and only root may mount it: run this test as root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def on_small_disk(new_logged_run: Callable[..., Any], small_disk: Path, tmp_path: Path) -> Any:
    """Make a run whose folder is on the small disk, and its logs are elsewhere."""
    run = type(new_logged_run())(small_disk)
    run.folder.logs.rmdir()
    logs = tmp_path / "logs"
    logs.mkdir()
    run.folder.logs.symlink_to(logs)
    return run


@pytest.mark.fault
def test_a_full_disk_delays_and_loses_nothing(
    tmp_path: Path, small_disk: Path, new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes],
    drain_logs: Callable[..., int],
) -> None:  # fmt: skip
    run = on_small_disk(new_logged_run, small_disk, tmp_path)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * (1 << 20))
    run.append(b"".join(sdk_line(step_index=i, agent_id=f"agent_{i % 50}") for i in range(60_000)))
    ingestor = run.ingestor()
    refusals = 0
    with pytest.raises(DiskFull):
        drain_logs(ingestor, 200_000)
    stored = ingestor.ledger().stored
    for _ in range(3):  # the same answer as long as nothing changes, and nothing moves
        with pytest.raises(DiskFull):
            drain_logs(ingestor, 200_000)
        refusals += 1
    assert ingestor.ledger().stored == stored < 60_000
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    drain_logs(ingestor, 200_000)
    ingestor.close_source(1, 1)
    assert ingestor.ledger().stored == 60_000
    ingestor.finish()
    assert refusals == 3
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()


@pytest.mark.fault
def test_there_may_be_no_room_for_the_database_itself(
    tmp_path: Path, small_disk: Path, new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes]
) -> None:
    run = on_small_disk(new_logged_run, small_disk, tmp_path)
    run.append(sdk_line(step_index=0))
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"\0" * 4096)
    with pytest.raises(DiskFull):
        run.ingestor()
    ballast.unlink()
    assert run.ingest().stored == 1
