"""What machines ship is stored once, whatever is repeated, lost or reordered, and never outside the attempt's files."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.fleet.arrivals import Arrivals, Mismatch, Unwelcome
from gym_gui.fleet.orders import AttemptKey
from gym_gui.runs import RunFolder, new_run_id

LOG = "logs/000001.a1.stdout.jsonl"


def arrivals(home: Path) -> tuple[RunFolder, Arrivals]:
    """Return a new run's folder and what its first attempt ships."""
    folder = RunFolder.of(home, new_run_id())
    folder.create()
    return folder, Arrivals(folder, AttemptKey(folder.run_id, "000001", 1))


@given(data=st.binary(min_size=1, max_size=300), sends=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 80))))
def test_a_log_is_what_the_machine_wrote_in_whatever_order_its_parts_come(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, sends: list[tuple[int, int]]
) -> None:
    folder, shipped = arrivals(tmp_path_factory.mktemp("home"))
    for start, length in sends:
        part = data[start : start + length]
        with contextlib.suppress(Mismatch):  # bytes before it have not come yet
            shipped.append(LOG, start, part)
    size = shipped.append(LOG, 0, b"")
    assert (folder.path / LOG).read_bytes() == data[:size]
    assert shipped.append(LOG, size, data[size:]) == len(data)
    assert (folder.path / LOG).read_bytes() == data


def test_other_bytes_in_a_log_are_refused(tmp_path: Path) -> None:
    folder, shipped = arrivals(tmp_path)
    shipped.append(LOG, 0, b"one line\n")
    with pytest.raises(Mismatch, match="other bytes"):
        shipped.append(LOG, 0, b"two line\nmore\n")
    assert (folder.path / LOG).read_bytes() == b"one line\n"


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    folder, shipped = arrivals(tmp_path)
    name, content = "checkpoints/000001/deep/a.bin", b"x" * 1000
    path = folder.path / name
    whole = (1000, hashlib.sha256(content).hexdigest())
    shipped.put(name, 0, content[:600], None)
    assert not path.exists()
    with pytest.raises(Mismatch):
        shipped.put(name, 900, content[900:], whole)
    with pytest.raises(Mismatch, match="announced"):
        shipped.put(name, 600, b"y" * 400, whole)
    shipped.put(name, 0, content[:600], None)
    shipped.put(name, 600, content[600:], whole)
    assert path.read_bytes() == content
    shipped.put(name, 0, b"newer", (5, hashlib.sha256(b"newer").hexdigest()))
    assert path.read_bytes() == b"newer"


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "work/000001/../../run.json", "/etc/passwd", "run.json", "telemetry.db", "control/cancel.json",
        "control/000001.a2.exit.json", "logs/supervisor.jsonl", "logs/000001.a2.stdout.jsonl", "work/000002/a", "", ".",
        "work/000001/a\\b", "work/000001//a", "work/000001/\0", "work/000001/" + "a" * 2000,
    ],
)  # fmt: skip
def test_nothing_else_can_be_written(tmp_path: Path, name: str) -> None:
    folder, shipped = arrivals(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Unwelcome):
        shipped.put(name, 0, b"x", (1, hashlib.sha256(b"x").hexdigest()))
    with pytest.raises(Unwelcome):
        shipped.append(name, 0, b"x")
    assert sorted(tmp_path.rglob("*")) == before
    assert folder.path.exists()


def test_no_link_leads_out(tmp_path: Path) -> None:
    folder, shipped = arrivals(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder.path / "work").mkdir()
    (folder.path / "work" / "000001").symlink_to(outside)
    with pytest.raises(Unwelcome, match="link"):
        shipped.put("work/000001/a", 0, b"x", (1, hashlib.sha256(b"x").hexdigest()))
    assert not list(outside.iterdir())


def test_an_attempt_that_resumes_begins_with_its_own_config(tmp_path: Path) -> None:
    folder, _ = arrivals(tmp_path)
    config = folder.worker_config("000001")
    own = config.with_name(f"{config.stem}.a2{config.suffix}")
    for path in (config, own):
        path.write_text("{}")
    second = Arrivals(folder, AttemptKey(folder.run_id, "000001", 2))
    assert {config.name, own.name} <= {name for name, _ in second.inputs()}
    assert second.fetch(own.name, 0) == b"{}"
