from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.relocation import relative_to_run, relocated, relocated_value

RUN, OTHER, FOREIGN = new_run_id(), new_run_id(), new_run_id()


def folder(home: Path) -> RunFolder:
    found = RunFolder.of(home, RUN)
    found.create()
    RunFolder.of(home, OTHER).create()
    return found


def test_paths_into_a_moved_home_lead_to_where_it_is(tmp_path: Path) -> None:
    here = folder(tmp_path / "new")
    old = tmp_path / "old" / "runs"
    assert relocated(f"{old}/{RUN}/checkpoints/1/c.pt", here) == str(here.path / "checkpoints/1/c.pt")
    assert relocated(f"{old}/{RUN}", here) == str(here.path)
    assert relocated(f"{old}/{OTHER}/c.pt", here) == str(here.path.with_name(OTHER) / "c.pt")
    assert relocated(f"{old}/{FOREIGN}/c.pt", here) == f"{old}/{FOREIGN}/c.pt"
    value = {"checkpoint_path": f"{old}/{RUN}/c", "list": [f"{old}/{RUN}/d", 1, None], "note": f"see {old}/{RUN}"}
    assert relocated_value(value, here) == {
        "checkpoint_path": str(here.path / "c"), "list": [str(here.path / "d"), 1, None], "note": f"see {old}/{RUN}",
    }  # fmt: skip


def test_of_a_copied_home_the_copys_files_are_meant(tmp_path: Path) -> None:
    folder(tmp_path / "old")
    copy = folder(tmp_path / "new")
    assert relocated(f"{tmp_path}/old/runs/{RUN}/c.pt", copy) == str(copy.path / "c.pt")


def test_a_home_of_two_names_is_one_home(tmp_path: Path) -> None:
    here = folder(tmp_path / "home")
    (tmp_path / "link").symlink_to(tmp_path / "home")
    path = f"{tmp_path}/link/runs/{RUN}/c.pt"
    assert relocated(path, here) == path
    assert relative_to_run(path, here) == "c.pt"


@given(st.lists(st.sampled_from(["/", "runs", RUN, "a", ".", " "]), max_size=8).map("".join))
def test_other_text_stays_and_nothing_is_moved_twice(text: str) -> None:
    here = RunFolder(Path("/nowhere/runs") / RUN)
    once = relocated(text, here)
    assert relocated(once, here) == once
    if f"/runs/{RUN}" not in text or not text.startswith("/"):
        assert once == text
