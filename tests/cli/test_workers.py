"""``mosaic workers check`` and ``mosaic workers new``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

QUICK = ("entry-point", "config-round-trip", "cli-help")


def _only(*names: str) -> list[str]:
    return [word for name in names for word in ("--only", name)]


def test_check_reports_each_finding_and_certifies(mosaic: Any, untouched: None) -> None:
    ended = mosaic("workers", "check", "random", *_only(*QUICK), "--json")
    assert ended.code == 0
    report = ended.json
    assert (report["worker"], report["certified"], report["complete"]) == ("random", True, False)
    assert [finding["name"] for finding in report["findings"]] == list(QUICK)
    assert {finding["outcome"] for finding in report["findings"]} == {"kept"}
    assert len(report["package_hash"]) == 64


def test_check_fails_for_an_error_and_says_what_to_change(script: Any) -> None:
    ended = script("workers", "check", "broken", *_only("entry-point"))
    assert ended.code == 1
    assert "error   entry-point" in ended.stdout
    assert "a_package_that_is_not_installed" in ended.stdout
    assert "change:" in ended.stdout
    assert "docs/reference/findings.md#entry-point" in ended.stdout
    assert "broken 1.2.3 is not certified: 1 error, 0 warnings" in ended.stdout


def test_check_of_a_plain_worker_certifies_it_with_warnings(script: Any) -> None:
    ended = script("workers", "check", "script", *_only("run-completes", "dry-run-option"))
    assert ended.code == 0
    assert "script 1.2.3 is certified: 0 errors, 1 warning" in ended.stdout


def test_wrong_usage_of_check(mosaic: Any, untouched: None) -> None:
    for arguments, told in (
        (("randm",), "did you mean random"),
        (("random", "--only", "entry-pont"), "did you mean 'entry-point'"),
        (("random", "--only", "entry-point", "--set", "total_step=3"), "total_steps"),
    ):
        ended = mosaic("workers", "check", *arguments)
        assert ended.code == 2, ended.stdout
        assert told in ended.stderr


def test_a_project_that_is_no_installed_worker(mosaic: Any, tmp_path: Path) -> None:
    mosaic("workers", "new", "mylib", "--path", str(tmp_path))
    project = tmp_path / "mylib_worker"
    ended = mosaic("workers", "check", str(project), "--json")
    assert ended.code == 1
    broken = [finding["name"] for finding in ended.json["findings"] if finding["outcome"] == "broken"]
    assert broken == ["package-installed"]
    (project / "pyproject.toml").write_text('[project]\nname = "mylib-worker"\n')
    ended = mosaic("workers", "check", str(project), "--json")
    broken = [finding["name"] for finding in ended.json["findings"] if finding["outcome"] == "broken"]
    assert broken == ["entry-point-registered"]
    assert mosaic("workers", "check", str(tmp_path)).code == 2


def test_new_writes_a_package_once(mosaic: Any, untouched: None, tmp_path: Path) -> None:
    ended = mosaic("workers", "new", "my-lib", "--path", str(tmp_path), "--json")
    assert ended.code == 0
    told = ended.json
    assert (told["worker"], told["package"]) == ("my_lib", "my_lib_worker")
    assert Path(told["path"], "my_lib_worker", "cli.py").read_text().startswith('"""The worker')
    again = mosaic("workers", "new", "my-lib", "--path", str(tmp_path))
    assert again.code == 2
    assert "nothing is overwritten" in again.stderr
    for name, why in (("9lives", "cannot name a worker"), ("random", "there is a worker 'random' already")):
        refused = mosaic("workers", "new", name, "--path", str(tmp_path))
        assert refused.code == 2
        assert why in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["my_lib_worker"]


def test_what_can_be_installed_is_listed_with_how(script: Any) -> None:
    shown = script("workers", "list").stdout
    assert re.search(r"^ray +mosaic workers install ray +MOSAIC worker: RLlib", shown, re.MULTILINE)
    assert "mosaic workers install random" not in shown  # it is installed
