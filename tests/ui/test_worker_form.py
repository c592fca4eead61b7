"""The form that a worker's schema makes, with real events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import validate_train_run_config

pytestmark = pytest.mark.process


@pytest.fixture
def form(application: Any, daemon_home: Path) -> Any:
    from gym_gui.ui.forms import WorkerFormFactory

    made = WorkerFormFactory().create_train_form("cleanrl")
    made.show()
    yield made
    made.close()


def type_into(form: Any, name: str, text: str) -> None:
    from PySide6.QtTest import QTest

    edit = form.fields.rows[name].input.edit
    edit.clear()
    QTest.keyClicks(edit, text)


def test_untouched_fields_are_left_out(form: Any) -> None:
    assert form.values() == {}
    assert form.get_configs() == [
        {
            "run_name": "cleanrl",
            "metadata": {"worker": {"worker_id": "cleanrl", "module": "cleanrl_worker.cli"}},
        }
    ]


def test_the_config_has_the_shape_that_older_code_reads(form: Any) -> None:
    config = form.get_config()
    assert {"run_name", "entry_point", "arguments", "environment", "resources", "metadata", "artifacts"} <= set(config)
    assert config["arguments"] == ["-m", "cleanrl_worker.cli"]
    assert set(config["metadata"]) == {"ui", "worker"}
    assert {"cpus", "memory_mb", "gpus"} == set(config["resources"])
    validate_train_run_config(config, ["local"])


def test_a_worker_id_of_ones_own_is_checked_and_is_wherever_older_code_looks(form: Any) -> None:
    type_into(form, "worker_id", "left side")
    form.check()
    assert "cannot name a worker" in form.fields.rows["worker_id"].problem.text()
    type_into(form, "worker_id", "left")
    config = form.get_config()
    assert config["metadata"]["worker"]["config"]["worker_id"] == "left"
    assert config["metadata"]["ui"]["path_config"]["ui_only"]["worker_id"] == "left"
    assert config["environment"]["WORKER_ID"] == "left"
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"worker_id": "left"}


def test_what_is_typed_is_sent(form: Any) -> None:
    type_into(form, "config.learning_rate", "1e-3")
    type_into(form, "seeds", "1-3")
    form.check()
    configs = form.get_configs()
    assert [config["metadata"]["worker"]["config"]["seed"] for config in configs] == [1, 2, 3]
    assert {config["metadata"]["worker"]["config"]["learning_rate"] for config in configs} == {0.001}
    assert form.message.text() == "starts 3 runs, one for each seed"
    assert form.command.toPlainText() == "mosaic train cleanrl --seeds 1-3 --set learning_rate=0.001"


def test_a_null_stays_null_and_says_what_it_means(form: Any) -> None:
    row = form.fields.rows["config.learning_rate"]
    assert row.input.edit.text() == ""
    assert row.input.edit.placeholderText().startswith("preset: ")
    assert "learning_rate" not in form.get_config()["metadata"]["worker"]["config"]
    form.set_values({"config.learning_rate": None})
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"learning_rate": None}


def test_a_problem_stands_beside_its_field(form: Any, until: Any) -> None:
    row = form.fields.rows["config.gamma"]
    type_into(form, "config.gamma", "2")
    until(lambda: row.problem is not None and row.problem.isVisible(), "the problem is shown")
    assert "at most 1" in row.problem.text()
    assert form.message.text() == "1 field needs attention"
    with pytest.raises(ConfigError):
        form.get_config()
    type_into(form, "config.gamma", "0.9")
    until(lambda: not row.problem.isVisible(), "the problem is gone")


def test_fields_of_other_algorithms_are_hidden_and_not_sent(form: Any) -> None:
    form.set_values({"config.clip_coef": "0.3"})
    assert not form.fields.rows["config.clip_coef"].input.isHidden()
    form.set_values({"config.clip_coef": "0.3", "config.algo": "dqn"})
    assert form.fields.rows["config.clip_coef"].input.isHidden()
    assert form.get_configs()[0]["metadata"]["worker"]["config"] == {"algo": "dqn"}


def test_every_input_is_named_for_screen_readers(form: Any) -> None:
    unnamed = [name for name, row in form.fields.rows.items() if not row.input.focusProxy().accessibleName()]
    assert unnamed == []


def test_labels_show_ampersands(form: Any) -> None:
    from PySide6.QtWidgets import QLabel

    buddies = {label.buddy(): label.text() for label in form.findChildren(QLabel) if label.buddy() is not None}
    assert buddies[form.fields.rows["config.wandb"].input] == "W&&B"  # a single one marks a key


def test_the_whole_form_fits_a_small_screen(form: Any) -> None:
    assert form.minimumSizeHint().width() <= 1366
    assert form.height() <= 768
    assert not form.fields.horizontalScrollBar().isVisible()


def test_a_form_filled_as_a_run_evaluates_its_last_checkpoint(
    application: Any, client: TrainerClient, random_config: Any
) -> None:
    from gym_gui.ui.forms import WorkerFormFactory

    run_id = client.submit(random_config("first", total_steps=200, num_envs=1) | {"tags": ["kept"]})
    for _ in client.watch([run_id]):
        pass
    details = client.details(run_id)
    made = WorkerFormFactory().create_train_form("random", details=details)
    config = made.get_configs()[0]
    assert config["tags"] == ["kept"]
    assert config["metadata"]["worker"]["config"]["total_steps"] == 200
    made.close()


def test_a_preset_is_saved_used_and_deleted(open_form: Any, until: Any) -> None:
    from PySide6.QtWidgets import QInputDialog

    def entries(menu: Any) -> dict[str, Any]:
        return {action.text(): action for action in menu.actions()}

    made = open_form("random", values={"config.total_steps": "500"})
    entries(made.presets.entries)["Save what is entered…"].trigger()
    question = until(lambda: next(iter(made.findChildren(QInputDialog)), None), "its name is asked")
    question.setTextValue("fast & loose")
    question.accept()
    until(lambda: "saved fast & loose" in made.message.text(), "it is saved")
    until(lambda: "fast && loose" in entries(made.presets.entries), "it is offered")
    entries(made.presets.entries)["Clear the form"].trigger()
    assert made.values() == {}
    entries(made.presets.entries)["fast && loose"].trigger()
    assert made.values() == {"config.total_steps": "500"}
    entries(made.presets.removals)["fast && loose"].trigger()
    until(lambda: "fast && loose" not in entries(made.presets.entries), "it is gone")
    made.reject()


def test_environments_that_the_worker_ran_are_offered(
    window: Any, client: TrainerClient, random_config: Any, until: Any
) -> None:
    from gym_gui.ui.widgets.worker_form import WorkerForm

    run_id = client.submit(random_config("first", total_steps=50))
    for _ in client.watch([run_id]):
        pass
    window.forms.open("random")
    form = until(lambda: next(iter(window.findChildren(WorkerForm)), None), "the form opens")
    edit = form.fields.rows["config.env_id"].input.edit
    completer = until(edit.completer, "something is offered")
    completer.setCompletionPrefix("cart")
    assert completer.currentCompletion() == "CartPole-v1"
    form.reject()
