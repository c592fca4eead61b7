"""Commands on many runs at once: by tag, group, state and worker; archives come back."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from gym_gui.runs.folder import RunFolder

MOSAIC = Path(sys.executable).parent / "mosaic"
FOREVER = "--set=code=import time; time.sleep(600)"


def ids(found: Any) -> set[str]:
    return {run["run_id"] for run in found.runs}


@pytest.mark.timeout(600)  # twenty commands, on a machine that may be busy
def test_cancel_watch_and_delete_by_what_runs_have_in_common(script: Any, wait_until: Any) -> None:
    going = ids(script("train", "script", FOREVER, "--seeds", "1,2", "--tag", "a", "--detach", "--json"))
    other = ids(script("train", "script", FOREVER, "--tag", "b", "--name", "the other one", "--detach", "--json"))
    done = ids(script("train", "script", "--tag", "a", "--json"))
    for command in ("cancel", "pause", "unpause", "delete", "archive"):
        refused = script("runs", command)
        assert refused.code == 2, command
        assert "--tag" in refused.stderr

    would = script("runs", "cancel", "--tag", "a", "--dry-run", "--json")
    assert (ids(would), would.json["dry_run"]) == (going, True)
    assert script("runs", "cancel", "--tag", "a", "--worker", "random", "--json").runs == []
    assert ids(script("runs", "watch", "--tag", "b", "--dry-run", "--json")) == other
    group = script("runs", "show", next(iter(going)), "--json").json["group"]
    ended = script("runs", "cancel", "--group", group, "--wait", "--json")
    assert (ids(ended), {run["state"] for run in ended.runs}) == (going, {"cancelled"})
    assert script("runs", "cancel", "the other one", "--wait").code == 0

    assert script("runs", "delete", "--state", "cancelled").code == 2  # it asks, and nobody is there
    assert script("runs", "delete", "--state", "cancelled", "--dry-run", "--json").json["dry_run"] is True
    deleted = script("runs", "delete", "--state", "cancelled", "--yes", "--json").json["deleted"]
    assert set(deleted) == going | other
    assert ids(script("runs", "list", "--json")) == done


@pytest.mark.parametrize("daemon", [True, False], ids=["daemon", "no daemon"])
def test_what_was_archived_comes_back_where_it_stood(script: Any, home: Path, wait_until: Any, daemon: bool) -> None:
    runs = [script("train", "script", "--name", name, "--json").json["run_id"] for name in ("one", "two", "three")]
    wait_until(lambda: not list((home / "runs" / ".live").iterdir()), "nothing is left to do")
    if not daemon:
        script("daemon", "stop")
    before = script("runs", "show", "two", "--json").json
    (archived,) = script("runs", "archive", "two", "--yes", "--json").json["archived"]
    assert [run["run_name"] for run in script("runs", "list", "--json").runs] == ["three", "one"]
    for part in (runs[1], runs[1][-8:]):
        missing = script("runs", "show", part).stderr
        assert f"run {runs[1]} is archived" in missing
        assert f"mosaic runs restore {runs[1]}" in missing
    assert f"mosaic runs restore {runs[1]}" in script("runs", "show", "two").stderr
    assert "; 1 more is archived" in script("runs", "show", "four").stderr
    assert script("runs", "restore", "two", "--dry-run", "--json").json["restored"][0]["run_id"] == runs[1]

    assert script("runs", "restore", runs[1][-8:], "--dry-run", "--json").json["dry_run"] is True
    assert not RunFolder.of(home, runs[1]).path.exists()
    restored = script("runs", "restore", runs[1][-8:], "--json")
    assert restored.json["restored"] == [{"run_id": runs[1], "archive": archived["archive"]}]
    again = script("runs", "restore", archived["archive"])
    assert (again.code, f"the home has run {runs[1]}" in again.stderr) == (2, True)
    assert [run["run_name"] for run in script("runs", "list", "--json").runs] == ["three", "two", "one"]
    after = script("runs", "show", "two", "--json").json
    of_its_home = {"sequence": 0, "report": 0}
    assert {**after, **of_its_home} == {**before, **of_its_home}
    assert script("runs", "verify", "two").code == 0
    assert script("runs", "show", "latest", "--json").json["run_name"] == "three"
    assert script("runs", "cancel", "two").code == 0  # it had ended already
    assert script("runs", "delete", "two", "--yes").code == 0


def test_a_damaged_or_foreign_archive_is_refused(script: Any, home: Path, tmp_path: Path) -> None:
    script("train", "script", "--name", "one")
    (archived,) = script("runs", "archive", "one", "--yes", "--json").json["archived"]
    path = Path(archived["archive"])
    data = path.read_bytes()
    path.write_bytes(data[:-20] + b"x" * 20)
    refused = script("runs", "restore", str(path))
    assert (refused.code, "the archive is damaged" in refused.stderr) == (2, True)
    missing = script("runs", "restore", "nothing")
    assert (missing.code, "there is no archive 'nothing'" in missing.stderr) == (2, True)
    path.write_bytes(data)
    path.with_name(f"{path.name}.sha256").unlink()
    assert "cannot be restored" in script("runs", "restore", str(path)).stderr
    assert not [each for each in (home / "runs").iterdir() if each.name != ".live"]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_terminal_shows_states_and_numbers_whole(script: Any, width: int) -> None:
    code = "say(event_type='episode', ep_index=0, total_reward=123456.5, steps=10)"
    name = "a name that is longer than what a narrow terminal has room for by far"
    run_id = script("train", "script", f"--set=code={code}", "--name", name, "--json").json["run_id"]
    for words in (["runs", "list"], ["runs", "show", "latest"]):
        shown = pexpect.run(
            f"{MOSAIC} {' '.join(words)}", env=script.environment, dimensions=(50, width), encoding="utf-8"
        )
        lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "").splitlines()
        assert max(map(len, lines)) <= width
        assert "completed" in shown
        assert "123,456.5" in shown
        assert (run_id[-6:] if words == ["runs", "list"] else run_id) in shown
