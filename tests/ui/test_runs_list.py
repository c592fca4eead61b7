"""The list of runs in the window: lines of several runs, columns, completion, and what is done to many at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import AnnotationChange, RunState

pytestmark = pytest.mark.process
Finished = Callable[..., str]


@pytest.fixture
def finished(client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> Finished:
    def run(name: str, **config: Any) -> str:
        run_id = client.submit(random_config(name, **{"total_steps": 60, **config}))
        for _ in client.watch([run_id]):
            pass
        return run_id

    return run


def cell(runs: Any, at: int, field: str) -> str:
    names = [column.field for column in runs.model.columns]
    return str(runs.model.data(runs.model.index(at, names.index(field))))


def press(widget: Any, key: str) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    QTest.keyClick(widget, getattr(Qt.Key, f"Key_{key}"))


@pytest.fixture
def focus(window: Any, until: Any) -> Callable[[Any], None]:
    """Give a widget of the window the keyboard."""

    def give(widget: Any) -> None:
        window.activateWindow()
        widget.setFocus()
        until(widget.hasFocus, "it has the focus")

    return give


def choose(box: Any, text: str) -> None:
    box.setCurrentText(text)
    assert box.currentText() == text
    box.activated.emit(box.currentIndex())


def test_seeds_are_one_line_that_is_opened_by_keys(window: Any, finished: Finished, focus: Any, until: Any) -> None:
    runs = window.runs
    ids = [finished("same", seed=seed) for seed in (1, 2, 3)]
    alone = finished("alone", total_steps=70)
    until(lambda: [len(row.run_ids) for row in runs.model.rows()] == [1, 3], "two lines")
    assert cell(runs, 1, "seed") == "n = 3"
    assert "±" in cell(runs, 1, "return")
    assert cell(runs, 1, "state") == "✓ 3 completed"
    assert cell(runs, 1, "name") == "▸ same"
    assert runs.header.view.sortIndicatorSection() == [each.field for each in runs.model.columns].index("created")
    assert runs.count.text() == "4 runs, 2 lines"
    focus(runs.table)
    runs.table.selectRow(1)
    assert set(runs.selected_ids()) == set(ids)
    press(runs.table, "Right")
    until(lambda: runs.model.rowCount() == 5, "its runs are shown")
    assert [cell(runs, at, "seed") for at in (2, 3, 4)] == ["1", "2", "3"]
    runs.table.selectRow(3)
    press(runs.table, "Return")
    until(lambda: window.tabs.count() == 1, "a single run is opened")
    assert window.tabs.currentWidget().run_id == ids[1]
    focus(runs.table)
    runs.table.selectRow(3)
    press(runs.table, "Left")
    assert runs.model.rowCount() == 2
    assert [row.run.run_name for row in runs.selected_rows()] == ["same"]
    press(runs.table, "Return")
    until(lambda: runs.model.rowCount() == 5, "Enter opens it, too")
    choose(runs.group, "every run")
    until(lambda: [row.run.run_id for row in runs.model.rows()] == [alone, *reversed(ids)], "every run")


def test_an_opened_line_follows_its_runs(
    window: Any, client: TrainerClient, finished: Finished, focus: Any, until: Any
) -> None:
    runs = window.runs
    first = finished("same", seed=1)
    finished("same", seed=2)
    until(lambda: runs.model.rowCount() == 1, "one line")
    focus(runs.table)
    runs.table.selectRow(0)
    press(runs.table, "Right")
    until(lambda: runs.model.rowCount() == 3, "its runs are shown")
    runs.table.selectRow(1)
    finished("same", seed=0)
    until(lambda: runs.model.rowCount() == 4, "a new one of it")
    assert runs.selected_ids() == [first]
    client.annotate(first, AnnotationChange(name="other name"))
    until(lambda: "other name" in cell(runs, 2, "name"), "a changed one of it")
    for run in client.list():
        if run.run_id != first:
            client.delete(run.run_id)
    until(lambda: runs.model.rowCount() == 1, "a line of one run is that run")
    assert runs.model.row(0).group is None


def test_any_setting_groups_and_is_a_column_and_the_list_is_as_it_was_left(
    window: Any, daemon_home: Path, finished: Finished, until: Any
) -> None:
    from gym_gui.app import read_layout
    from gym_gui.rpc.aio_client import AsyncTrainerClient
    from gym_gui.ui.link import DaemonLink
    from gym_gui.ui.main_window import MainWindow

    runs = window.runs
    for steps in (40, 40, 80):
        finished("same", total_steps=steps)
    until(lambda: runs.group.findText("by config.total_steps") >= 0, "its settings are offered")
    runs.header.toggle("config.total_steps")
    runs.header.toggle("tag")
    runs.header.view.sectionClicked.emit(2)
    runs.header.toggle("state")
    assert runs.model.columns[runs.header.view.sortIndicatorSection()].field == "return"
    runs.header.view.resizeSection(0, 333)
    runs.header.view.moveSection(1, 0)
    choose(runs.group, "by config.total_steps")
    until(lambda: [len(row.run_ids) for row in runs.model.rows()] == [1, 2], "a line for each value")
    until(lambda: cell(runs, 1, "config.total_steps") == "40", "the value")
    assert cell(runs, 1, "name") == "▸ total_steps: 40"
    assert cell(runs, 1, "env") == "CartPole-v1"
    until(lambda: read_layout(daemon_home).group_by == ("config.total_steps",), "it is kept")
    until(lambda: read_layout(daemon_home).columns[:2] == ("return", "name"), "its columns are kept")
    window.close()
    again = MainWindow(DaemonLink(lambda: AsyncTrainerClient.connect(daemon_home)), "here", daemon_home)
    try:
        again.show()
        again.start()
        until(lambda: again.runs.model.rowCount() == 2, "two lines again")
        assert again.runs.header.names() == runs.header.names()
        assert again.runs.header.widths()["name"] == 333
        again.runs.header.show_columns((), {})
        assert again.runs.header.names()[:2] == ["state", "name"]
    finally:
        again.close()


def test_fields_and_values_are_completed(window: Any, finished: Finished, focus: Any, until: Any) -> None:
    from PySide6.QtTest import QTest

    finished("one")
    until(lambda: window.runs.model.rowCount() == 1, "it is listed")
    query = window.runs.query
    focus(query)
    popup = query.popup
    QTest.keyClicks(query, "en")
    assert query.offers.stringList()[0] == "env:"
    press(popup, "Down")
    press(popup, "Return")
    assert query.text() == "env:"
    until(lambda: query.offers.stringList() == ["CartPole-v1"], "values that the runs have")
    press(popup, "Down")
    press(popup, "Return")
    assert query.text() == "env:CartPole-v1 "


def test_many_are_changed_at_once_and_refusals_are_said_by_run(
    window: Any, client: TrainerClient, finished: Finished, endless: dict[str, Any], until: Any
) -> None:
    runs = window.runs
    ended = finished("ended")
    going = client.submit(endless)
    until(lambda: runs.model.rowCount() == 2, "both are listed")
    until(lambda: client.get(going).state is RunState.RUNNING, "one runs")
    until(lambda: runs.model.row(0).states == {"running"}, "that is shown")
    runs.table.selectAll()
    act = window.run_actions.actions
    act["Star"].trigger()
    until(lambda: all(run.starred for run in client.list()), "both are starred")
    act["Pause"].trigger()
    until(lambda: client.get(going).state is RunState.PAUSED, "one is paused")
    until(lambda: runs.message.isVisible(), "the other's refusal is told")
    assert "1 of 2 refused" in runs.message.text()
    assert f"…{ended[-6:]}" in runs.message.text()
    until(lambda: act["Continue"].isEnabled(), "it can go on")
    act["Continue"].trigger()
    until(lambda: client.get(going).state is RunState.RUNNING, "it goes on")
    act["Cancel"].trigger()
    until(lambda: client.get(going).state is RunState.CANCELLED, "it is cancelled")


def test_runs_are_renamed_tagged_copied_and_deleted_by_keys(
    window: Any, client: TrainerClient, finished: Finished, focus: Any, until: Any
) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QGuiApplication
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QInputDialog

    from gym_gui.ui.run.closure import ClosureDialog

    runs = window.runs
    ids = [finished("one"), finished("two", total_steps=70)]
    until(lambda: runs.model.rowCount() == 2, "both are listed")
    focus(runs.table)
    runs.table.selectRow(0)
    press(runs.table, "F2")
    dialog = until(lambda: next(iter(runs.findChildren(QInputDialog)), None), "the name is asked")
    dialog.setTextValue("renamed")
    dialog.accept()
    until(lambda: runs.model.row(0).run.run_name == "renamed", "it is renamed")
    focus(runs.table)
    runs.table.selectAll()
    QTest.keyClick(runs.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().split() == list(reversed(ids))
    window.run_actions.actions["Add tag…"].trigger()
    dialog = until(lambda: next((each for each in runs.findChildren(QInputDialog) if each.isVisible()), None), "a tag")
    dialog.setTextValue("mine")
    dialog.accept()
    until(lambda: all(run.tags == ["mine"] for run in client.list()), "both are tagged")
    focus(runs.table)
    press(runs.table, "Delete")
    dialog = until(lambda: next(iter(runs.findChildren(ClosureDialog)), None), "the question")
    until(dialog.delete.isEnabled, "it has counted")
    assert "130 steps" in dialog.question.text()
    dialog.delete.click()
    until(lambda: client.list() == [], "both are gone")
    until(lambda: runs.model.rowCount() == 0, "the list is empty")
