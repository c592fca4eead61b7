"""Forms that packages bring are found without an edit of this project, and used in place of the generated ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from added_packages import write_metadata

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunState

pytestmark = pytest.mark.process

#: A form as the guides of worker packages show it: only its config is given, and it takes no keywords.
EXAMPLE = """
import logging
import sys
from dataclasses import dataclass

from PySide6 import QtWidgets

from gym_gui.logging_config.helpers import LogConstantMixin
from gym_gui.logging_config.log_constants import LOG_UI_TRAIN_FORM_INFO

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class _FormState:
    steps: int


class MyTrainForm(QtWidgets.QDialog, LogConstantMixin):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._logger = _LOGGER
        self._steps = QtWidgets.QSpinBox(self)
        self._steps.setRange(1, 1000)
        self._steps.setValue(60)
        self.log_constant(LOG_UI_TRAIN_FORM_INFO, message="my form")

    def _collect_state(self):
        return _FormState(steps=self._steps.value())

    def get_config(self):
        state = self._collect_state()
        run_id = "mine"
        worker_config = {"env_id": "CartPole-v1", "total_steps": state.steps, "seed": 1}
        return {
            "run_name": run_id,
            "entry_point": sys.executable,
            "arguments": ["-m", "random_worker.cli"],
            "environment": {"MY_WORKER_RUN_ID": run_id},
            "resources": {"cpus": 1, "memory_mb": 512, "gpus": {"requested": 0, "mandatory": False}},
            "metadata": {
                "ui": {"worker_id": "random"},
                "worker": {"worker_id": "random", "module": "random_worker.cli", "config": worker_config},
            },
            "artifacts": {"output_prefix": f"runs/{run_id}", "persist_logs": True, "keep_checkpoints": True},
        }


try:
    from gym_gui.ui.forms import get_worker_form_factory
    _factory = get_worker_form_factory()
    if not _factory.has_train_form("random"):
        _factory.register_train_form(
            "random",
            lambda parent=None, **kwargs: MyTrainForm(parent=parent, **kwargs),
        )
except ImportError:
    pass  # Form factory not available
"""

SUBCLASS = """
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.widgets.worker_form import WorkerForm


class RandomTrainForm(WorkerForm):
    def get_configs(self):
        return [{**config, "tags": ["mine"]} for config in super().get_configs()]


get_worker_form_factory().register_train_form("random", RandomTrainForm)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factory: Any) -> Iterator[Callable[..., None]]:
    """Install a package with a module of forms."""

    def install(text: str, worker: str = "random") -> None:
        site = tmp_path / "site"
        site.mkdir()
        (site / "foreign_forms.py").write_text(text)
        write_metadata(site, "foreign-forms", {"mosaic.forms": {worker: "foreign_forms"}})
        monkeypatch.syspath_prepend(str(site))

    yield install
    sys.modules.pop("foreign_forms", None)


def test_the_form_of_the_guides_starts_a_run(
    package: Callable[..., None], request: pytest.FixtureRequest, client: TrainerClient, until: Any
) -> None:
    package(EXAMPLE)
    window = request.getfixturevalue("window")
    window.forms.open("random")
    form = until(lambda: next((each for each in window.children() if hasattr(each, "get_config")), None), "it opens")
    assert type(form).__name__ == "MyTrainForm"
    form.accept()
    until(lambda: [run.state for run in client.list()] == [RunState.COMPLETED], "its run is completed")
    assert client.list()[0].run_name == "mine"
    until(lambda: window.tabs.count() == 1, "its run is opened")


def test_a_subclass_of_the_generated_form_is_made_as_that_is(
    package: Callable[..., None], open_form: Any, client: TrainerClient, until: Any
) -> None:
    package(SUBCLASS)
    form = open_form("random", values={"config.total_steps": "50", "seeds": "1-2"})
    assert type(form).__name__ == "RandomTrainForm"
    assert form.presets is not None
    form.start.click()
    until(lambda: len(client.list()) == 2, "both runs are started")
    assert [run.tags for run in client.list()] == [["mine"]] * 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_library", "no_such_library"),
        (EXAMPLE.replace("super().__init__(parent)", "raise RuntimeError('too old')"), "too old"),
    ],
    ids=["its module", "itself"],
)
def test_a_form_that_cannot_be_made_is_said_and_the_generated_one_is_used(
    package: Callable[..., None], open_form: Any, text: str, reason: str
) -> None:
    package(text)
    form = open_form("random")
    assert reason in form.notice.text()
    assert "the form that the worker's schema makes" in form.notice.text()
    assert form.start.isEnabled()
    form.reject()


def test_forms_that_cannot_be_imported_are_said_in_the_window(
    package: Callable[..., None], request: pytest.FixtureRequest, until: Any
) -> None:
    package("import no_such_library")
    window = request.getfixturevalue("window")
    until(lambda: "foreign_forms cannot be imported" in window.statusBar().currentMessage(), "it is said")
    until(lambda: "connected" in window.connection.text(), "the daemon has started")


def test_a_form_takes_the_keywords_that_it_names(factory: Any) -> None:
    factory.register_resume_form("theirs", lambda parent=None, details=None, **kwargs: details)
    offered = {"details": "a run", "link": "the daemon"}
    assert factory.keywords("resume", "theirs", offered) == {"details": "a run"}
    assert factory.keywords("resume", "generated", offered) == offered


def test_a_form_without_a_config_is_said(
    package: Callable[..., None], request: pytest.FixtureRequest, client: TrainerClient, until: Any
) -> None:
    from PySide6.QtWidgets import QMessageBox

    package(EXAMPLE.replace("state = self._collect_state()", "raise ValueError('no steps')"))
    window = request.getfixturevalue("window")
    window.forms.open("random")
    form = until(lambda: next((each for each in window.children() if hasattr(each, "get_config")), None), "it opens")
    form.accept()
    box = until(lambda: next(iter(window.findChildren(QMessageBox)), None), "it is said")
    assert "no steps" in box.informativeText()
    box.close()
    assert client.list() == []
