"""The forms of all workers on a small screen, by keyboard alone, and what a form says before and while it starts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from real_workers import NAMES, record_of

from gym_gui.forms import FormKind
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunState

KINDS: tuple[FormKind, ...] = ("train", "policy", "resume", "evaluation", "script")


def unfold(form: Any) -> None:
    """Open every section of a form."""
    for _, _, button, _ in form.fields._titles:
        if button is not None:
            button.setChecked(True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_form_fits_a_small_screen(application: Any, factory: Any, name: str, kind: FormKind) -> None:
    from PySide6.QtCore import QPoint, QRect
    from PySide6.QtWidgets import QPushButton

    record = record_of(name)
    if kind == "script" and not record.has_field("script"):
        with pytest.raises(KeyError, match="runs no scripts"):
            factory.create(kind, name, record=record)
        return
    form = factory.create(kind, name, record=record)
    form.open()
    unfold(form)
    application.processEvents()
    assert form.frameGeometry().width() <= 1366
    assert form.frameGeometry().height() <= 768
    assert not form.fields.horizontalScrollBar().isVisible()
    inside = QRect(QPoint(0, 0), form.size())
    for button in form.findChildren(QPushButton):
        if button.isVisible():
            assert inside.contains(QRect(button.mapTo(form, QPoint(0, 0)), button.size())), button.text()
    width = form.fields.viewport().width()
    for field, row in form.fields.rows.items():
        if row.input.isVisible():
            right = row.input.mapTo(form.fields.viewport(), QPoint(row.input.width(), 0)).x()
            assert right <= width, field
            assert row.input.height() >= row.input.minimumSizeHint().height(), field
    form.reject()


def test_the_form_of_marllib_has_a_tab_for_each_paradigm_with_its_algorithms(application: Any, factory: Any) -> None:
    from marllib_worker.registry import ALGORITHMS, PARADIGMS

    form = factory.create("train", "marllib", record=record_of("marllib"))
    form.open()
    box = form.fields.rows["config.algo"].input.box
    offered = {}
    for at in range(form.mode_tabs.count()):
        form.mode_tabs.setCurrentIndex(at)
        offered[form.mode_tabs.tabText(at)] = [box.itemText(index) for index in range(1, box.count())]
    assert offered == {"All paradigms": list(ALGORITHMS), **{title: list(names) for title, names in PARADIGMS.items()}}
    form.reject()


@pytest.mark.process
def test_the_whole_form_by_keyboard(application: Any, open_form: Any, client: TrainerClient, until: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    form = open_form("random")
    unfold(form)
    application.processEvents()
    reached: list[Any] = []
    for _ in range(300):
        focused = application.focusWidget()
        if focused in reached:
            break
        reached.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    inputs = {name: row.input.focusProxy() for name, row in form.fields.rows.items() if row.input.isVisible()}
    assert [name for name, widget in inputs.items() if widget not in reached] == []
    assert {form.start, form.dry_run, form.dismiss, form.presets} <= set(reached)
    order = [reached.index(widget) for widget in (*inputs.values(), form.dry_run, form.dismiss, form.start)]
    assert order == sorted(order)
    inputs["config.total_steps"].setFocus()
    QTest.keyClicks(application.focusWidget(), "60")
    QTest.keyClick(application.focusWidget(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    until(lambda: [run.state for run in client.list()] == [RunState.COMPLETED], "its run is completed")
    assert client.list()[0].steps == 60


@pytest.mark.process
def test_the_tabs_of_a_form_are_changed_by_keyboard(open_form: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    form = open_form("cleanrl")
    form.mode_tabs.setFocus()
    QTest.keyClick(form.mode_tabs, Qt.Key.Key_Right)
    assert form.mode.title == "Curriculum"
    form.reject()


@pytest.mark.process
def test_arrow_keys_change_whole_numbers(open_form: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    form = open_form("random")
    edit = form.fields.rows["config.num_envs"].input.edit
    for _ in range(2):
        QTest.keyClick(edit, Qt.Key.Key_Up)
    form.check()
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"num_envs": 3}
    form.reject()


@pytest.mark.process
def test_what_was_entered_is_there_when_a_form_is_opened_again(open_form: Any, application: Any) -> None:
    form = open_form("random")
    form.set_values({"config.total_steps": "77"})
    form.reject()
    application.processEvents()
    again = open_form("random")
    assert again.values() == {"config.total_steps": "77"}
    again.presets.chosen.emit({})  # "Clear the form"
    again.reject()
    application.processEvents()
    last = open_form("random")
    assert last.values() == {}
    last.reject()


@pytest.mark.process
def test_a_dry_run_is_cancelled(application: Any, open_form: Any, client: TrainerClient, until: Any) -> None:
    form = open_form("random")
    form.dry_run.click()
    assert form.dry_run.text() == "Stop dry run"
    form.dry_run.click()
    assert (form.dry_run.text(), form.message.text()) == ("Dry run", "dry run cancelled")
    form.dry_run.click()
    until(lambda: form.message.text() == "dry run: nothing is wrong", "the next one is whole")
    until(lambda: all(job.state.terminal for job in client.jobs()), "none is left")
    assert [job.state for job in client.jobs()].count(RunState.COMPLETED) == 1
    form.reject()


#: What a dry run does: it prints, waits, then prints to the other stream.
_TALK = """
                    import pathlib, sys, time
                    print("looking for the data", flush=True)
                    while not pathlib.Path({go!r}).exists():
                        time.sleep(0.01)
                    print("no data: it would be downloaded", file=sys.stderr)
"""


@pytest.mark.process
def test_a_dry_run_shows_what_the_worker_prints_while_it_runs_and_afterwards(
    new_worker: Callable[..., None], daemon_home: Path, tmp_path: Path, open_form: Any, until: Any
) -> None:
    new_worker("chatty")
    source = next(daemon_home.rglob("chatty_worker/runtime.py"))
    talk = _TALK.format(go=str(tmp_path / "go"))
    source.write_text(source.read_text().replace("if run.dry_run:\n", f"if run.dry_run:{talk}", 1))
    form = open_form("chatty", values={"config.env_id": "FrozenLake-v1"})  # known: it is not tried before
    form.dry_run.click()
    until(lambda: "looking for the data" in form.job.text.toPlainText(), "its output is shown while it runs")
    assert form.dry_run.text() == "Stop dry run"
    assert form.job.text.isVisible()
    (tmp_path / "go").touch()
    until(lambda: "no data: it would be downloaded" in form.job.text.toPlainText(), "its error output is shown")
    until(lambda: form.message.text() == "dry run: nothing is wrong", "it has ended")
    assert form.job.text.isVisible()
    form.set_values({"config.total_steps": "none"})
    form.start.click()
    assert form.fields.rows["config.total_steps"].problem.isVisible()
    form.reject()


@pytest.mark.process
def test_a_form_says_whether_its_run_would_start_now(open_form: Any, client: TrainerClient, until: Any) -> None:
    form = open_form("random")
    until(lambda: form.forecast.text() == "● Starts now", "it starts now")
    form.set_values({"resources.cpus": "0"})
    assert form.forecast.text() == "Correct the marked fields to see when it would start."
    form.set_values({"resources.cpus": "4096"})
    until(lambda: form.forecast.text().startswith(("◌", "✕")), "there is no such machine")
    assert "4,096" in form.forecast.text() or "4096" in form.forecast.text()
    form.reject()


@pytest.mark.process
def test_a_form_logs_what_it_starts(
    open_form: Any, client: TrainerClient, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        form = open_form("random", values={"config.total_steps": "50", "config.steps": "none"})
        form.start.click()
        until(client.list, "it is started")
        until(lambda: any(getattr(each, "runs", None) for each in caplog.records), "the form is done")
    codes = [code for record in caplog.records if (code := getattr(record, "log_code", ""))]
    assert codes == ["LOG701", "LOG703", "LOG702", "LOG701"]
    assert [each.steps for each in caplog.records if getattr(each, "log_code", "") == "LOG702"] == ["none"]
