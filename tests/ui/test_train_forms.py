"""The forms of single workers: tabs that show the fields of one way to train."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunState

pytestmark = pytest.mark.process

CHOICES = """
backend: str = _setting("torch", "Library.", choices=("torch", "tensorflow", "mindspore"))
device: str = _setting("cpu", "Device.", applies={"backend": ["torch"]})
script: str | None = _setting(None, "A script of your own.", suggest="files")
"""
PARADIGMS = """
paradigm: str | None = _setting(None, "How agents learn together.", choices=(None, "independent", "centralised"))
algo: str = _setting("ippo", "Algorithm.", choices=("ippo", "iql"), applies={"paradigm": [None, "independent"]})
critic: str = _setting("mappo", "Algorithm.", choices=("mappo", "coma"), applies={"paradigm": [None, "centralised"]})
"""
ALGORITHMS = """
algo: str = _setting("mappo", "Algorithm.", choices=("ippo", "iql", "mappo", "coma", "qmix", "vdn"))
"""


def titles(form: Any) -> list[str]:
    return [form.mode_tabs.tabText(at) for at in range(form.mode_tabs.count())]


def choose(form: Any, title: str) -> None:
    form.mode_tabs.setCurrentIndex(titles(form).index(title))


def shown(form: Any) -> set[str]:
    return {name for name, row in form.fields.rows.items() if not row.input.isHidden()}


def test_cleanrl_trains_an_algorithm_a_curriculum_or_a_script(open_form: Any) -> None:
    form = open_form("cleanrl")
    assert titles(form) == ["Algorithm", "Curriculum", "Script"]
    assert "config.algo" in shown(form)
    assert not {"config.curriculum", "config.script"} & shown(form)
    choose(form, "Curriculum")
    assert "config.curriculum" in shown(form)
    assert "config.env_id" not in shown(form)
    assert form.message.text() == "1 field needs attention"
    choose(form, "Script")
    assert {"config.script", "config.script_args", "config.env_id"} <= shown(form)
    assert not {"config.algo", "config.gamma"} & shown(form)
    form.fields.rows["config.script"].input.set_value("/tmp/mine.py")
    form.check()
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"script": "/tmp/mine.py"}
    choose(form, "Algorithm")
    assert "config" not in form.get_configs()[0]["metadata"]["worker"]
    form.reject()


def test_a_form_opens_in_the_mode_of_what_it_is_filled_with(open_form: Any) -> None:
    stages = [{"env_id": "CartPole-v1", "total_steps": 1000}]
    form = open_form("cleanrl", values={"config.curriculum": stages})
    assert form.mode.title == "Curriculum"
    form.set_values({"config.script": "/tmp/a.py", "config.gamma": "0.5"})  # no mode shows both
    assert {"config.gamma", "config.script"} <= shown(form)
    assert form.values() == {"config.script": "/tmp/a.py", "config.gamma": "0.5"}
    form.reject()


def test_the_script_form_of_cleanrl_begins_with_the_script(open_form: Any) -> None:
    form = open_form("cleanrl", "script")
    assert form.mode.title == "Script"
    assert form.fields.rows["config.script"].input.edit.hasFocus()
    form.reject()


def test_xuance_has_a_tab_for_each_backend_and_one_for_scripts(new_worker: Callable[..., None], open_form: Any) -> None:
    new_worker("xuance", CHOICES, package="like_xuance")
    form = open_form("xuance")
    assert titles(form) == ["torch", "tensorflow", "mindspore", "Script"]
    assert "config.device" in shown(form)
    assert "config.backend" not in shown(form)
    assert "config" not in form.get_configs()[0]["metadata"]["worker"]
    choose(form, "mindspore")
    assert "config.device" not in shown(form)
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"backend": "mindspore"}
    form.reject()


def test_marllib_narrows_algorithms_to_a_paradigm(new_worker: Callable[..., None], open_form: Any) -> None:
    new_worker("marllib", PARADIGMS, package="like_marllib")
    form = open_form("marllib")
    assert titles(form) == ["All paradigms", "independent", "centralised"]
    assert {"config.algo", "config.critic"} <= shown(form)
    choose(form, "centralised")
    assert "config.critic" in shown(form)
    assert "config.algo" not in shown(form)
    form.reject()


def test_marllib_narrows_the_choices_of_a_single_algorithm_field(
    new_worker: Callable[..., None], open_form: Any
) -> None:
    def offered() -> list[str]:
        box = form.fields.rows["config.algo"].input.box
        return [box.itemText(at) for at in range(1, box.count())]

    new_worker("marllib", ALGORITHMS, package="like_marllib")
    form = open_form("marllib")
    assert titles(form) == ["All paradigms", "Independent learning", "Centralized critic", "Value decomposition"]
    assert offered() == ["ippo", "iql", "mappo", "coma", "qmix", "vdn"]
    choose(form, "Centralized critic")
    assert offered() == ["mappo", "coma"]
    assert form.message.text() == ""
    choose(form, "Value decomposition")
    assert offered() == ["qmix", "vdn"]
    algorithm = form.fields.rows["config.algo"]
    assert "mappo does not belong to Value decomposition (allowed: qmix, vdn)" in algorithm.problem.text()
    algorithm.input.box.setCurrentIndex(1)
    algorithm.input.box.activated.emit(1)
    form.check()
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"algo": "qmix"}
    choose(form, "Independent learning")
    assert offered() == ["ippo", "iql", "qmix"]  # what is chosen stays, with what is wrong about it
    assert form.message.text() == "1 field needs attention"
    form.reject()


def test_a_field_with_several_choices_has_a_box_for_each(new_worker: Callable[..., None], open_form: Any) -> None:
    fields = """
    losses: list[str] | None = __import__("dataclasses").field(
        default_factory=lambda: ["policy"], metadata={"help": "Which.", "choices": ("policy", "value", "entropy")}
    )
    """
    new_worker("several", fields)
    form = open_form("several")
    losses = form.fields.rows["config.losses"].input
    assert [(box.text(), box.isChecked()) for box in losses.boxes] == [
        ("policy", True), ("value", False), ("entropy", False),
    ]  # fmt: skip
    assert "config" not in form.get_configs()[0]["metadata"]["worker"]
    losses.boxes[2].click()
    form.check()
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"losses": ["policy", "entropy"]}
    losses.null.click()
    form.check()
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"losses": None}
    losses.reset.click()
    assert [box.isChecked() for box in losses.boxes] == [True, False, False]
    form.set_values({"config.losses": ["value", "more"]})
    assert [box.text() for box in losses.boxes if box.isChecked()] == ["value", "more"]
    assert "is not one of the choices" in form.fields.rows["config.losses"].problem.text()
    form.reject()


def test_a_run_of_four_bdi_workers_is_started_from_the_form(
    new_worker: Callable[..., None],
    open_form: Any,
    window: Any,
    client: TrainerClient,
    daemon_home: Path,
    until: Any,
) -> None:
    new_worker("spade_bdi", package="like_spade")
    form = open_form("spade_bdi", values={"config.total_steps": "300"})
    choose(form, "Several workers")
    assert {"worker_ids", "worker_seeds"} <= shown(form)
    form.fields.rows["worker_ids"].input.set_value("north, south, east, west")
    form.fields.rows["worker_seeds"].input.set_value("11-14")
    form.check()
    assert "mosaic run FILE" in form.command.toPlainText()
    form.start.click()
    until(lambda: window.tabs.count() == 1, "it is opened", 120)
    (run,) = client.list()
    assert [worker.worker_id for worker in run.workers] == ["north", "south", "east", "west"]
    given = [json.loads(path.read_text()) for path in (daemon_home / "runs" / run.run_id).glob("worker-*.json")]
    assert {(each["worker_id"], each["seed"]) for each in given} == {
        ("north", 11), ("south", 12), ("east", 13), ("west", 14),
    }  # fmt: skip
    until(lambda: client.get(run.run_id).state.terminal, "it has ended", 300)
    assert client.get(run.run_id).state is RunState.COMPLETED


def test_a_worker_that_was_never_seen_has_a_form_that_trains_it(
    new_worker: Callable[..., None], window: Any, client: TrainerClient, until: Any
) -> None:
    from gym_gui.ui.widgets.worker_form import WorkerForm

    new_worker("unheard_of")
    window.workers.aboutToShow.emit()  # as a click on the menu does

    def action() -> Any:
        found = (each for each in window.workers.actions() if each.data() and each.data().worker_id == "unheard_of")
        return next(found, None)

    until(action, "it is listed").trigger()
    form = until(lambda: next(iter(window.findChildren(WorkerForm)), None), "the form opens")
    assert {"config.env_id", "config.total_steps", "config.learning_rate", "seeds", "executor"} <= set(form.fields.rows)
    form.set_values({"config.total_steps": "300"})
    form.start.click()
    until(lambda: [run.state for run in client.list()] == [RunState.COMPLETED], "its run is completed")
