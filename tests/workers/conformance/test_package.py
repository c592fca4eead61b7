"""What the kit finds in how a package is made."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers.conformance import check_worker
from gym_gui.workers.conformance.check import RuleResult


@pytest.fixture
def result(site: Any, home: Path) -> Callable[..., RuleResult]:
    """Install a worker and look at one rule."""

    def judge(
        rule: str, *, scripts: str = "", project: Path | None = None, files: dict[str, str] | None = None
    ) -> RuleResult:
        site.install("boxed", files)
        info = site.folder / "boxed_worker-1.0.0.dist-info"
        with (info / "entry_points.txt").open("a") as stream:
            stream.write(f"[console_scripts]\n{scripts}\n" if scripts else "")
        if project is not None:
            (info / "direct_url.json").write_text(json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}}))
        return check_worker(site.catalog(home).get("boxed"), only=[rule]).results[0]

    return judge


@pytest.mark.parametrize(
    ("scripts", "seen"),
    [
        ("", "it installs none"),
        ("boxed = boxed_worker.cli:start", "AttributeError"),
        ("boxed = boxed_worker.clu:main", "ModuleNotFoundError"),
        ("boxed = boxed_worker.cli:argparse", "argparse cannot be called"),
        ("boxed = boxed_worker:get_worker_metadata", "none runs boxed_worker.cli"),
        ("boxed = boxed_worker.cli:main", "boxed is registered but not installed"),
    ],
)
def test_console_scripts(scripts: str, seen: str, result: Callable[..., RuleResult]) -> None:
    found = result("console-script", scripts=scripts)
    assert (found.outcome, found.rule.level) == ("broken", "warning")
    assert seen in found.seen


def test_tests(result: Callable[..., RuleResult], tmp_path: Path) -> None:
    assert result("package-tests").outcome == "skipped"
    assert result("package-tests", project=tmp_path / "sources").seen == f"no test_*.py in {tmp_path / 'sources'}"
    (tmp_path / "sources" / "tests").mkdir(parents=True)
    (tmp_path / "sources" / "tests" / "test_boxed.py").touch()
    os.utime(tmp_path / "site" / "boxed_worker-1.0.0.dist-info" / "METADATA")
    assert result("package-tests", project=tmp_path / "sources").outcome == "kept"


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("pass", "broken"),
        ("LOG_WORKER_CLEANRL_RUNTIME_STARTED = 1", "broken"),
        ("LOG_WORKER_BOXED_RUNTIME_STARTED = 1", "kept"),
        ("f'LOG_WORKER_{TYPE}_RUNTIME_STARTED'", "kept"),
        ("class Runtime(LogConstantMixin): pass", "kept"),
    ],
)
def test_log_constants(source: str, outcome: str, result: Callable[..., RuleResult]) -> None:
    assert result("log-constants", files={"runtime.py": source}).outcome == outcome
