"""The window over a real daemon: start, watch, cancel, compare and delete runs; nothing of it ends a run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.reading import SeriesName
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import AnnotationChange, RunState
from gym_gui.trainer.home import DaemonHome

pytestmark = pytest.mark.process
HOSTILE = "<b>bold</b> & <img src=x onerror=alert(1)>"


def finished(client: TrainerClient, config: dict[str, Any]) -> str:
    run_id = client.submit(config)
    for _ in client.watch([run_id]):
        pass
    return run_id


def test_a_run_is_started_from_the_form_and_shown(window: Any, client: TrainerClient, until: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from gym_gui.ui.widgets.worker_form import WorkerForm

    until(lambda: "no runs yet" in window.runs.count.text(), "the empty list says what to do")
    actions = until(lambda: {action.text(): action for action in window.workers.actions()}, "workers are listed")
    next(action for text, action in actions.items() if "andom" in text).trigger()
    form = until(lambda: next(iter(window.findChildren(WorkerForm)), None), "the form opens")
    form.set_values({"config.total_steps": "3000", "seeds": "1-2", "config.heartbeat_interval_s": "0"})
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    until(lambda: window.tabs.count() == 2, "both runs are opened")
    page = window.tabs.currentWidget()
    until(lambda: page.run is not None and page.run.state is RunState.COMPLETED, "the run is completed")
    until(lambda: page.overview.chart.curves, "its curve is drawn")
    until(lambda: window.runs.model.total == 2, "both are listed")
    groups = {run.group for run in client.list()}
    assert len(groups) == 1
    assert groups != {""}


def test_a_dry_run_says_what_is_wrong(window: Any, until: Any) -> None:
    from gym_gui.ui.widgets.worker_form import WorkerForm

    window.forms.open("random", values={"config.env_id": "Nope-v0"})
    form = until(lambda: next(iter(window.findChildren(WorkerForm)), None), "the form opens")
    form.dry_run.click()
    assert form.dry_run.text() == "Stop dry run"
    until(lambda: "Nope" in form.message.text(), "the problem is told")
    assert form.dry_run.text() == "Dry run"
    form.reject()


def test_a_run_of_several_kinds_of_workers_has_no_form_and_that_is_said(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    from PySide6.QtWidgets import QMessageBox

    config = random_config("two", total_steps=50)
    worker = config["metadata"].pop("worker")
    config["metadata"]["workers"] = [worker, {**worker, "config": {**worker["config"], "total_steps": 60}}]
    page = window.open_run(finished(client, config))
    until(lambda: not page.buttons["Run again…"].isHidden(), "it can be run again")
    page.buttons["Run again…"].click()
    box = until(lambda: next(iter(window.findChildren(QMessageBox)), None), "why there is no form")
    assert "does not fit the form" in box.text()
    box.close()


def test_after_a_refusal_the_rest_of_the_same_runs_is_started_in_their_group(
    window: Any, client: TrainerClient, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gym_gui.core.worker.errors import MosaicError
    from gym_gui.rpc.aio_client import AsyncTrainerClient
    from gym_gui.ui.widgets.worker_form import WorkerForm

    real, calls = AsyncTrainerClient.submit, []

    async def submit(self: Any, config: Any, **words: Any) -> str:
        calls.append(words["group"])
        if len(calls) == 2:
            raise MosaicError("the disk is full")
        return await real(self, config, **words)

    monkeypatch.setattr(AsyncTrainerClient, "submit", submit)
    window.forms.open("random", values={"config.total_steps": "50", "seeds": "1-3"})
    form = until(lambda: next(iter(window.findChildren(WorkerForm)), None), "the form opens")
    form.start.click()
    until(lambda: "1 runs were started; the disk is full" in form.message.text(), "the refusal is told")
    form.start.click()
    until(lambda: window.tabs.count() == 3, "all three are opened")
    assert len(set(calls)) == 1
    assert sorted(run.seed for run in client.list()) == [1, 2, 3]


def test_cancel_pause_and_continue_show_what_the_daemon_confirms(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any
) -> None:
    run_id = client.submit(endless)
    page = window.open_run(run_id)
    until(lambda: page.run is not None and page.run.state is RunState.RUNNING, "it runs")
    shown = {name for name, button in page.buttons.items() if not button.isHidden()}
    assert shown == {"Cancel", "Pause", "Run again…"}
    page.buttons["Pause"].click()
    until(lambda: page.run.state is RunState.PAUSED, "it is paused")
    assert page.state.text() == "‖ paused"
    page.buttons["Continue"].click()
    until(lambda: page.run.state is RunState.RUNNING, "it goes on")
    page.buttons["Cancel"].click()
    until(lambda: page.run.state is RunState.CANCELLED, "it is cancelled")
    assert client.get(run_id).state is RunState.CANCELLED


def test_closing_the_window_ends_no_run(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any
) -> None:
    run_id = client.submit(endless)
    page = window.open_run(run_id)
    until(lambda: page.run is not None and page.run.state is RunState.RUNNING, "it runs")
    window.close()
    assert client.get(run_id).state is RunState.RUNNING


def test_a_failed_run_says_why_at_once(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    run_id = finished(client, random_config("bad", env_kwargs={"no_such_argument": 1}))
    page = window.open_run(run_id)
    until(lambda: "no_such_argument" in page.overview.failure.toPlainText(), "the traceback is shown")
    assert page.state.text() == "✕ failed"
    assert page.cause.isVisible()


def test_logs_metrics_episodes_and_config(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    run_id = finished(client, random_config("all", total_steps=500))
    page = window.open_run(run_id)
    page.tabs.setCurrentWidget(page.metrics)
    until(lambda: page.metrics._charts and all(chart.curves for chart in page.metrics._charts.values()), "charts")
    assert "return" in page.metrics._charts
    page.metrics._take_names([*page.metrics._series.names, SeriesName(name="system/cpu", kind="system", count=1)])
    assert "system/cpu" not in page.metrics._shown  # it has no place over steps
    page.metrics.filter.setText("no such metric")
    assert page.metrics.message.text() == "no series has this in its name"
    page.tabs.setCurrentWidget(page.episodes)
    until(lambda: page.episodes.episodes.rows, "episodes")
    page.episodes.table.selectRow(0)
    until(lambda: page.episodes.steps.rows, "steps")
    assert len(page.episodes.steps.rows) == page.episodes.episodes.rows[0].steps
    page.tabs.setCurrentWidget(page.logs)
    page.logs.stream.setCurrentText("supervisor")
    until(lambda: "completed" in page.logs.text.toPlainText(), "the supervisor's log")
    page.logs.pattern.setText("(")
    until(lambda: "regular expression" in page.logs.message.text(), "what is wrong with the pattern")
    page.tabs.setCurrentWidget(page.config)
    until(lambda: "CartPole-v1" in page.config.settings.toPlainText(), "the config")


def test_files_are_listed_looked_into_and_copied(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any, tmp_path: Path
) -> None:
    page = window.open_run(finished(client, random_config("files", total_steps=100)))
    page.tabs.setCurrentWidget(page.files)
    files = page.files
    until(lambda: files.entries.rows, "files are listed")
    files.filter.setText("run.json")
    (entry,) = files.entries.rows
    files.table.selectRow(0)
    until(lambda: "CartPole-v1" in files.text.toPlainText(), "the text is shown")
    files.copy_to(entry, tmp_path / "copy.json")
    until(lambda: (tmp_path / "copy.json").exists(), "the copy is there")
    assert (tmp_path / "copy.json").stat().st_size == entry.bytes
    files.copy_to(entry, tmp_path / "no" / "such" / "folder.json")
    until(lambda: "cannot be saved" in files.message.text(), "a refusal is told")


def test_a_query_filters_and_says_what_is_wrong_with_it(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    for seed, name in enumerate(("one", "two")):
        finished(client, random_config(name, total_steps=50 + seed))
    until(lambda: window.runs.model.rowCount() == 2, "both are listed")
    window.runs.query.setText("name:one")
    until(lambda: [row.run.run_name for row in window.runs.model.rows()] == ["one"], "one is left")
    window.runs.query.setText("nme:one")
    until(lambda: window.runs.message.isVisible(), "the fault is told")
    assert "nme" in window.runs.message.text()
    window.runs.query.setText("")
    until(lambda: window.runs.model.rowCount() == 2 and not window.runs.message.isVisible(), "all are back")


def test_the_selection_stays_with_its_run_while_others_come(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    first = finished(client, random_config("first", total_steps=50))
    until(lambda: window.runs.model.rowCount() == 1, "it is listed")
    window.runs.table.selectRow(0)
    finished(client, random_config("second", total_steps=60))
    until(lambda: window.runs.model.rowCount() == 2, "both are listed")
    assert window.runs.selected_ids() == [first]
    assert window.runs.model.row(0).run.run_name == "second"


def test_two_runs_are_compared_and_folded(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    for seed in (1, 2):
        finished(client, random_config("same", total_steps=2000, seed=seed))
    until(lambda: window.runs.model.total == 2, "both are listed")
    window.runs.table.selectAll()
    window.compare()
    page = window.tabs.currentWidget()
    assert page.group.currentText() == "runs that differ only in their seed"  # as the list has them
    (curve,) = until(lambda: len(page.chart.curves) == 1 and page.chart.curves, "one curve for both")
    assert curve.name == "same (2 runs)"
    assert all(low <= middle <= high for low, middle, high in zip(curve.low, curve.y, curve.high, strict=True))
    (group,) = page.groups.rows
    assert (group.result.count, group.result.low <= group.result.median <= group.result.high) == (2, True)
    assert [row[0].seed for row in page.rows.rows] == [2, 1]
    page.group.setCurrentText("single runs")
    until(lambda: len(page.chart.curves) == 2, "a curve each")


def test_a_run_is_deleted_after_a_question_that_counts(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    from gym_gui.ui.run.closure import ClosureDialog

    run_id = finished(client, random_config("gone", total_steps=100))
    page = window.open_run(run_id)
    until(lambda: not page.buttons["Delete…"].isHidden(), "it can be deleted")
    page.buttons["Delete…"].click()
    dialog = until(lambda: next(iter(page.findChildren(ClosureDialog)), None), "the question")
    assert dialog.cancel.isDefault()
    until(lambda: "100 steps" in dialog.question.text(), "what the run has")
    ((run, worker),) = dialog.rows.rows
    assert (run.run_id, worker.worker_id, worker.steps) == (run_id, "000001", 100)
    dialog.delete.click()
    until(lambda: window.tabs.count() == 0, "its tab is closed")
    assert client.list() == []


def test_an_archive_is_kept_in_place_of_a_run(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any, daemon_home: Path
) -> None:
    from gym_gui.ui.run.closure import ClosureDialog

    run_ids = [finished(client, random_config(name, total_steps=50)) for name in ("one", "two")]
    removed: list[str] = []
    dialog = ClosureDialog(window._link, run_ids, window)
    dialog.removed.connect(removed.extend)
    dialog.open()
    until(lambda: dialog.archive.isEnabled(), "both are counted")
    dialog.archive.click()
    until(lambda: removed == run_ids, "both are archived")
    assert client.list() == []
    assert len(list((daemon_home / "archive").glob("*.tar.gz"))) == 2


def test_what_cannot_be_removed_is_said_and_stays(
    window: Any,
    client: TrainerClient,
    endless: dict[str, Any],
    random_config: Callable[..., dict[str, Any]],
    until: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gym_gui.core.worker.errors import MosaicError
    from gym_gui.rpc.aio_client import AsyncTrainerClient
    from gym_gui.ui.run.closure import ClosureDialog

    async def refuse(_self: Any, _run_id: str) -> None:
        raise MosaicError("the disk is read-only")

    running, ended = client.submit(endless), finished(client, random_config("ended", total_steps=50))
    dialog = ClosureDialog(window._link, [running, ended], window)
    dialog.open()
    until(lambda: dialog.delete.isEnabled(), "both are counted")
    assert "1 of them have not ended, and stay" in dialog.message.text()
    assert {run.run_id for run, _worker in dialog.rows.rows} == {ended}
    with monkeypatch.context() as patch:
        patch.setattr(AsyncTrainerClient, "delete", refuse)
        dialog.delete.click()
        until(lambda: "the disk is read-only" in dialog.message.text(), "the refusal is told")
    dialog.delete.click()
    until(lambda: [run.run_id for run in client.list()] == [running], "the one that has ended is gone")


def test_hostile_names_are_shown_as_they_are(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    from PySide6.QtCore import Qt

    run_id = finished(client, random_config("plain", total_steps=50))
    client.annotate(run_id, AnnotationChange(name=HOSTILE))
    page = window.open_run(run_id)
    until(lambda: page.name.text() == HOSTILE, "the name")
    assert page.name.textFormat() == Qt.TextFormat.PlainText
    assert "&&" in window.tabs.tabText(0)
    until(lambda: window.runs.model.rowCount() == 1, "it is listed")
    tip = window.runs.model.data(window.runs.model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in tip


def test_a_killed_daemon_is_said_and_the_window_goes_on(
    window: Any, daemon_home: Path, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    finished(client, random_config("before", total_steps=50))
    until(lambda: window.runs.model.rowCount() == 1, "it is listed")
    daemon = DaemonHome(daemon_home).daemon()
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    with TrainerClient.connect(daemon_home) as second:
        finished(second, random_config("after", total_steps=60))
    until(lambda: window.runs.model.rowCount() == 2, "what came later is listed")
    assert "connected" in window.connection.text()
