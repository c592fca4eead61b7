"""A run's page: its workers, what they use, its logs filtered, its relatives, and the other places that show it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder

pytestmark = pytest.mark.process
RECORDS = (
    '{"timestamp":1.0,"level":"INFO","message":"made","code":"LOG9001","component":"Worker","subcomponent":"Own"}\n'
    '{"timestamp":2.0,"level":"WARNING","message":"late","code":"LOG9002","component":"Other"}\nplain words\n'
)


@pytest.fixture
def finished(client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Runs that have ended."""

    def run(name: str, *, parent: str | None = None, **config: Any) -> str:
        run_id = client.submit(random_config(name, **{"total_steps": 200, **config}), parent_run_id=parent)
        for _ in client.watch([run_id]):
            pass
        return run_id

    return run


def texts(model: Any, row: int) -> dict[str, str]:
    return {column.title: column.text(model.rows[row]) for column in model.columns}


def test_each_worker_has_a_row_that_says_why_it_ended(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    config = random_config("pair", total_steps=150)
    config["metadata"]["worker"]["replicas"] = 2
    page = window.open_run(client.submit(config))
    page.tabs.setCurrentWidget(page.workers)
    rows = page.workers.rows
    until(lambda: len(rows.rows) == 2 and rows.rows[1].worker.state.terminal, "both workers have ended")
    shown = texts(rows, 1)
    assert (shown["Worker"], shown["Steps"], shown["Attempt"]) == ("000002", "150", "1")
    assert "exit code 0" in shown["Ended because"]
    assert "✓ completed" in shown["State"]
    page.workers.table.selectRow(1)
    page.show_run(page.run)
    assert page.workers.table.currentIndex().row() == 1  # the selection stays


def test_each_agent_of_a_worker_has_a_row(window: Any, finished: Callable[..., str], until: Any) -> None:
    pytest.importorskip("pettingzoo")
    page = window.open_run(finished("agents", env_id="classic/tictactoe_v3", total_steps=0, episodes=10))
    until(lambda: page.run is not None and page.run.workers[0].agents, "the agents are known")
    page.tabs.setCurrentWidget(page.workers)
    agents = [row.agent.agent_id for row in page.workers.rows.rows]
    assert agents == ["player_1", "player_2"]


def test_what_a_run_uses_is_drawn_over_time(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any
) -> None:
    page = window.open_run(client.submit(endless))
    page.tabs.setCurrentWidget(page.system)
    until(lambda: page.system._charts.get("system/memory") and page.system._charts["system/memory"].curves, "memory")
    (curve,) = page.system._charts["system/memory"].curves
    assert 1 < curve.y[0] < 10_000  # MiB
    assert "Memory: " in page.system.message.text()
    page.tabs.setCurrentWidget(page.metrics)
    until(lambda: page.metrics._charts, "metrics")
    assert not any(name.startswith("system/") for name in page.metrics._shown)
    assert not page.system._timer.isActive()  # nothing is read that is not seen


def test_records_of_the_log_are_filtered_and_readable(
    window: Any, finished: Callable[..., str], daemon_home: Path, until: Any
) -> None:
    run_id = finished("logged")
    RunFolder.of(daemon_home, run_id).stderr_log("000001", 1).write_text(RECORDS)
    page = window.open_run(run_id)
    page.tabs.setCurrentWidget(page.logs)
    logs = page.logs
    logs.stream.setCurrentText("error output")
    until(lambda: "plain words" in logs.text.toPlainText(), "all lines")
    assert "INFO LOG9001 Worker.Own made" in logs.text.toPlainText()
    logs.component.setText("other")
    until(lambda: "made" not in logs.text.toPlainText() and "late" in logs.text.toPlainText(), "one component")
    logs.component.setText("")
    logs.code.setText("LOG9001")
    until(lambda: "made" in logs.text.toPlainText() and "late" not in logs.text.toPlainText(), "one code")
    logs.code.setText("LOG1")
    until(lambda: logs.message.text() == "no line matches", "there is none")
    logs.code.setText("")
    logs.stream.setCurrentText("both outputs by time")
    until(lambda: "! plain words" in logs.text.toPlainText(), "the error output is among both, and marked")


def test_the_log_leads_to_the_failure(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    config = random_config("bad", env_kwargs={"no_such_argument": 1})
    page = window.open_run(client.submit(config))
    until(lambda: page.run is not None and page.run.state.terminal, "it has failed")
    page.tabs.setCurrentWidget(page.logs)
    until(lambda: page.logs.failure.isVisible(), "the failure is offered")
    page.logs.code.setText("LOG1")
    page.logs.failure.click()
    until(lambda: "no_such_argument" in page.logs.text.toPlainText(), "the log says why")
    assert page.logs.stream.currentText() == "error output"
    assert page.logs.code.text() == ""


def test_the_log_goes_on_with_the_next_attempt_and_keeps_the_earlier_one(
    window: Any, client: TrainerClient, until: Any
) -> None:
    program = "import os; print('attempt of', os.getpid(), flush=True); raise SystemExit(3)"
    page = window.open_run(
        client.submit(
            {
                "run_name": "twice",
                "limits": {"max_attempts": 2},
                "entry_point": sys.executable,
                "arguments": ["-c", program],
                "metadata": {"worker": {"worker_id": "program"}},
            }
        )
    )
    page.tabs.setCurrentWidget(page.logs)
    logs = page.logs
    until(lambda: logs.attempt.currentText() == "attempt 2" and "attempt of" in logs.text.toPlainText(), "the second")
    second = logs.text.toPlainText()
    logs.attempt.setCurrentText("attempt 1")
    until(lambda: "attempt of" in logs.text.toPlainText() and logs.text.toPlainText() != second, "the first")


def test_a_run_lists_those_that_follow_from_it_and_its_parent(
    window: Any, client: TrainerClient, finished: Callable[..., str], until: Any, application: Any
) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    first = finished("first")
    child = finished("child", parent=first)
    page = window.open_run(first)
    relatives = page.overview.relatives
    until(lambda: relatives.rows.rows, "the child is listed")
    assert texts(relatives.rows, 0)["Name"] == "child"
    relatives.table.setFocus()
    relatives.table.selectRow(0)
    QTest.keyClick(relatives.table, Qt.Key.Key_Return)
    opened = until(lambda: window.tabs.count() == 2 and window.tabs.currentWidget(), "the child is opened")
    assert opened.run_id == child
    until(lambda: opened.overview.relatives.rows.rows, "its parent is listed")
    assert texts(opened.overview.relatives.rows, 0)["Kind"] == "parent"


def test_the_overview_describes_the_last_episodes(window: Any, finished: Callable[..., str], until: Any) -> None:
    page = window.open_run(finished("described", total_steps=1000))
    until(lambda: "interquartile mean" in page.overview.statistics.text(), "centres and spreads")


def test_tensorboard_and_wandb_are_one_click_away(
    window: Any, finished: Callable[..., str], daemon_home: Path, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtGui import QDesktopServices, QGuiApplication

    run_id = finished("tracked")
    folder = RunFolder.of(daemon_home, run_id)
    (folder.tensorboard("000001")).mkdir(parents=True)
    (folder.tensorboard("000001") / "events.out.tfevents.1.host").write_bytes(b"")
    address = "https://wandb.ai/team/project/runs/x"
    folder.analytics.write_text(f'{{"workers": {{"000001": {{"artifacts": {{"wandb": {{"url": "{address}"}}}}}}}}}}')
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    page = window.open_run(run_id)
    trackers = page.overview.trackers
    until(lambda: trackers.command.isVisible() and trackers.wandb.isVisible(), "both are offered")
    trackers.command.click()
    assert QGuiApplication.clipboard().text() == f"tensorboard --logdir {folder.path / 'tensorboard'}"
    trackers.folder.click()
    trackers.wandb.click()
    assert opened == [f"file://{folder.path / 'tensorboard'}", address]


def test_runs_are_compared_by_any_metric_and_axis_and_saved(
    window: Any, finished: Callable[..., str], until: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtWidgets import QFileDialog

    from gym_gui.ui.compare import ComparePage

    page = ComparePage(window._link, [finished("same", total_steps=1000, seed=seed) for seed in (1, 2)])
    window._add_tab(page, "two")
    until(lambda: len(page.chart.curves) == 2, "returns")
    until(lambda: page.metric_choice.findText("length") > 0, "the metrics are offered")
    page.metric_choice.setCurrentText("length")
    page.axis.setCurrentText("episodes")
    until(lambda: page.chart.curves and page.chart.curves[0].x[0] < 3, "lengths over episodes")
    for spread in ("lowest to highest", "95 % bootstrap interval"):
        page.group.setCurrentText("environment")
        page.spread.setCurrentText(spread)
        until(lambda: len(page.chart.curves) == 1 and page.chart.curves[0].low, spread)
    assert page.chart.curves[0].name == "CartPole-v1 (2 runs)"
    for name, button in (("data.csv", page.save_data), ("picture.png", page.save_picture)):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, name=name: (str(tmp_path / name), ""))
        button.click()
        until(lambda name=name: name in page.message.text(), "it is saved")
    rows = list(csv.reader((tmp_path / "data.csv").read_text().splitlines()))
    assert rows[0] == ["curve", "x", "value", "low", "high"]
    assert rows[1][0] == "CartPole-v1 (2 runs)"
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "x.csv"), ""))
    page.save_data.click()
    until(lambda: "cannot be saved" in page.message.text(), "a refusal is told")


def test_closing_the_tab_of_a_running_run_stops_nothing(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any
) -> None:
    run_id = client.submit(endless)
    page = window.open_run(run_id)
    until(lambda: page.run is not None and page.run.state.value == "running", "it runs")
    window._close_tab(0)
    assert window.tabs.count() == 0
    assert client.get(run_id).state.value == "running"
