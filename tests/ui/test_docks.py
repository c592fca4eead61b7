"""The docks of the window: workers and their jobs, the daemon; and the page of checkpoints."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worker_projects import write_project

from gym_gui.rpc.client import TrainerClient

pytestmark = pytest.mark.process
BADWORKER = Path(__file__).parents[1] / "fixtures" / "badworker.py"
HOSTILE = "<img src=x onerror=alert(1)> <b>bold</b>"


def opened(window: Any, number: int, kind: type, until: Any) -> Any:
    window.views.actions()[number].trigger()
    return until(lambda: next(iter(window.findChildren(kind)), None), "the dock is open")


def names(panel: Any) -> list[str]:
    return [entry.name for entry in panel.entries.rows]


def choose(panel: Any, name: str) -> None:
    panel.table.selectRow(names(panel).index(name))


def test_docks_are_closed_and_ask_nothing_until_they_are_opened(window: Any, until: Any) -> None:
    from PySide6.QtWidgets import QDockWidget

    until(lambda: "connected" in window.connection.text(), "the daemon answers")
    docks = window.findChildren(QDockWidget)
    assert [dock.windowTitle() for dock in docks] == ["Workers", "Daemon"]
    assert all(dock.isHidden() and dock.widget() is None for dock in docks)


@pytest.mark.timeout(300)
def test_a_worker_is_installed_and_removed_and_its_log_is_followed(
    window: Any, client: TrainerClient, until: Any, tmp_path: Path
) -> None:
    from PySide6.QtWidgets import QMessageBox

    from gym_gui.ui.docks.workers import WorkersPanel

    panel = opened(window, 0, WorkersPanel, until)
    until(lambda: "random" in names(panel), "the workers")
    assert "not installed" in " ".join(entry.standing for entry in panel.entries.rows)
    panel.name.setText("tiny")
    panel.origin.setText(str(write_project(tmp_path / "project")))
    panel._other.click()
    until(lambda: panel.job.isVisible() and "install tiny" in panel.job.head.text(), "the job")
    until(lambda: "installed: " in panel.job.note.text(), "it is installed", 200)
    until(lambda: "pip" in panel.job.text.toPlainText(), "its log")
    until(lambda: "tiny" in names(panel), "it is listed")
    choose(panel, "tiny")
    assert panel.entry.own
    panel.buttons["Remove…"].click()
    box = until(lambda: next(iter(panel.findChildren(QMessageBox)), None), "the question")
    box.button(QMessageBox.StandardButton.Discard).click()
    until(lambda: "tiny" not in names(panel), "it is gone")


def test_a_job_that_fails_says_why_and_one_that_goes_on_is_cancelled(
    window: Any, client: TrainerClient, until: Any, tmp_path: Path
) -> None:
    from PySide6.QtCore import Qt

    from gym_gui.ui.docks.workers import WorkersPanel

    panel = opened(window, 0, WorkersPanel, until)
    panel._start("install", "tiny", {"origin": str(tmp_path / HOSTILE)})
    until(lambda: panel.message.isVisible() or "failed" in panel.job.head.text(), "it is refused, or fails")
    assert panel.message.textFormat() == Qt.TextFormat.PlainText
    folder = write_project(tmp_path / "project")
    (folder / "backend.py").write_text((folder / "backend.py").read_text() + "\nimport time\ntime.sleep(600)\n")
    panel._start("install", "tiny", {"origin": str(folder)})
    until(lambda: panel.job.job is not None and not panel.job.job.state.terminal, "it goes on")
    assert not panel.buttons["Check"].isEnabled()
    until(panel.job.stop.isVisible, "it can be cancelled")
    panel.job.stop.click()
    until(lambda: "cancelled" in panel.job.head.text(), "it is cancelled")
    until(panel.buttons["Train…"].isEnabled, "others can be started")


def test_a_broken_worker_has_its_reason_and_the_fixing_command(window: Any, until: Any) -> None:
    from gym_gui.app import WorkerEntry
    from gym_gui.ui.docks.workers import WorkersPanel

    panel = opened(window, 0, WorkersPanel, until)
    until(lambda: names(panel), "the workers")
    fix = "mosaic workers install broken"
    panel._take([WorkerEntry("broken", HOSTILE, broken="it cannot be imported", fix=fix)])
    assert panel.message.text() == f"it cannot be imported\nFix it with: {fix}"
    assert panel.entry.standing == "✕ broken"
    assert [name for name, button in panel.buttons.items() if button.isEnabled()] == ["Copy command"]


@pytest.mark.timeout(300)
def test_the_daemon_says_how_it_stands_and_checks_its_machine(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any
) -> None:
    from gym_gui.ui.docks.daemon import DaemonPanel

    run_id = client.submit(endless)
    panel = opened(window, 1, DaemonPanel, until)
    until(lambda: "under way" in panel.message.text(), "its standing")
    until(lambda: [run.run_id for run in panel.runs.rows] == [run_id], "what runs")
    panel.table.activated.emit(panel.runs.index(0, 0))
    assert window.tabs.currentWidget().run_id == run_id
    panel.check.click()
    assert not panel.check.isEnabled()
    until(lambda: "broken" in panel.job.note.text(), "what the checks found", 200)
    until(panel.check.isEnabled, "it can check again")


def test_checkpoints_of_all_runs_open_the_form(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any, tmp_path: Path
) -> None:
    from gym_gui.ui.widgets.worker_form import WorkerForm

    (tmp_path / "last.pt").write_bytes(b"weights")
    program = [str(BADWORKER), "started", f"checkpoint:{tmp_path / 'last.pt'}", "episode", "completed"]
    worker = {"worker_id": "cleanrl", "config": {"env_id": "CartPole-v1", "seed": 1}}
    saving = {"run_name": HOSTILE, "metadata": {"worker": worker}, "entry_point": sys.executable, "arguments": program}
    ids = [client.submit(random_config("saves none", total_steps=60)), client.submit(saving)]
    for _ in client.watch(ids):
        pass
    until(lambda: window.policies.actions(), "the menu is filled")
    window.policies.actions()[0].trigger()
    page = window.tabs.currentWidget()
    until(lambda: page.count.text() == "1 checkpoints of 2 runs", "the runs are read")
    assert page is window.show_policies()
    assert not page.evaluate.isEnabled()
    (policy,) = page.rows.rows
    assert (policy.env_id, policy.run.run_id) == ("CartPole-v1", ids[1])
    page.table.selectRow(0)
    page.evaluate.click()
    form = until(lambda: next(iter(window.findChildren(WorkerForm)), None), "the form")
    values = form.values()
    assert values["config.checkpoint_path"] == str(tmp_path / "last.pt")
    assert values["config.mode"] == "evaluate"
    form.reject()
    page.query.setText("name:nothing")
    until(lambda: page.count.text() == "no checkpoint was saved by 0 runs", "none")
    page.query.setText("nme:x")
    until(lambda: "nme" in page.count.text(), "what is wrong")
