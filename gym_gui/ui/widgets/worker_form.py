"""The form of a worker, made from its schema."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QInputDialog, QPushButton, QTabWidget, QVBoxLayout, QWidget

from gym_gui.config.paths import mosaic_home
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.forms import (
    FieldProblem,
    FormSpec,
    Presets,
    Values,
    command_line,
    defaults,
    make_form,
    problems,
    to_run_configs,
    values_of_run,
)
from gym_gui.logging_config import LogConstantMixin
from gym_gui.logging_config.log_constants import LOG_UI_TRAIN_FORM_INFO, LOG_UI_TRAIN_FORM_UI_PATH
from gym_gui.reading import RunDetails, Search
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import validate_train_run_config
from gym_gui.ui.kinds import FormKind
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import choice, label, read_only_text, set_tone
from gym_gui.ui.widgets.form_fields import FormFields
from gym_gui.workers import WorkerCatalog, WorkerRecord

_LOGGER = logging.getLogger(__name__)
#: Milliseconds after the last key until the form is checked.
_TYPING_MS = 60
_MODES: dict[FormKind, str] = {"train": "train", "policy": "evaluate", "resume": "resume", "evaluation": "evaluate"}
_VERBS: dict[FormKind, str] = {
    "train": "Train", "policy": "Evaluate", "resume": "Resume", "evaluation": "Evaluate", "script": "Run script",
}  # fmt: skip
#: Runs whose checkpoints are offered.
_RUNS = 30


@dataclass(frozen=True)
class _FormState:
    """What a form holds at one moment.

    Args:
        values: What is entered.
        problems: What is wrong with it.
    """

    values: Values
    problems: tuple[FieldProblem, ...]


class WorkerForm(LogConstantMixin, QDialog):
    """A form that starts runs of one worker.

    Args:
        form: Its fields.
        record: The worker.
        kind: What it is for.
        link: The way to the daemon; without it the form only gives its config.
        home: The home that has the presets; ``None``: there are none.
        prepare: Completes a config before it is submitted.
        parent_run_id: The run that it goes on from.
        parent: As of any widget.
    """

    submitted = Signal(list)
    """Ids of the runs that were started."""

    def __init__(
        self,
        form: FormSpec,
        record: WorkerRecord,
        *,
        kind: FormKind = "train",
        link: DaemonLink | None = None,
        home: Path | None = None,
        prepare: Callable[[dict[str, Any]], dict[str, Any]] = lambda config: config,
        parent_run_id: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._logger = _LOGGER
        self._form, self._record, self._kind = form, record, kind
        self._link, self._prepare, self._parent_run_id = link, prepare, parent_run_id
        self._presets = Presets(home, record.name) if home is not None else None
        self._asked: Asked | None = None
        self._started: list[str] = []
        self._begun: list[dict[str, Any]] = []
        """What is being started: after a refusal, the rest of the very same goes on."""
        self._group = ""
        self.setWindowTitle(f"{_VERBS[kind]} {form.title}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fields = FormFields(form)
        self.json = read_only_text("Run config as JSON")
        self.command = read_only_text("Equal command", wrap=True)
        self.presets = choice("Presets", ())
        self.message = label(wrap=True, selectable=True)
        self.dry_run, self.dismiss = QPushButton("Dry run"), QPushButton("Cancel")
        self.start = QPushButton(_VERBS[kind])
        self.start.setDefault(True)
        self._lay_out()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.check)
        self.fields.changed.connect(self._typing.start)
        self.start.clicked.connect(self._start)
        self.dry_run.clicked.connect(self._dry_run)
        self.dismiss.clicked.connect(self.reject)
        self.presets.activated.connect(self._use_preset)
        QShortcut(QKeySequence("Ctrl+Return"), self, self._start)
        self.check()
        self._fill_presets()
        self.log_constant(LOG_UI_TRAIN_FORM_INFO, extra={"worker": record.name, "kind": kind})
        if link is not None:
            link.ask(self, lambda client: client.search(_environments(record.name)), self._offer_environments)
            link.ask(self, lambda client: _checkpoints(client, record.name), self._offer_checkpoints)

    def get_config(self) -> dict[str, Any]:
        """Return the run config of what is entered, with every default; of several seeds, that of the first.

        Raises:
            ConfigError: What is entered is not valid.
        """
        state = self._collect_state()
        if state.problems:
            found = [
                Problem(problem.path, problem.message, allowed=problem.allowed, nearest=problem.nearest)
                for problem in state.problems
            ]
            raise ConfigError("the form is not valid", found, next_step="correct the marked fields")
        config = to_run_configs(self._form, state.values)[0]
        whole = validate_train_run_config(config, [str(config.get("executor", "local"))]).payload
        if self._record.module:
            whole = {"entry_point": self._record.python, **whole, "arguments": ["-m", self._record.module]}
        return whole

    def get_configs(self) -> list[dict[str, Any]]:
        """Return the run config of each run that the form starts: one for each seed."""
        return to_run_configs(self._form, self._collect_state().values)

    def values(self) -> Values:
        """Return what is entered: touched fields alone."""
        return self.fields.values()

    def set_values(self, values: Values) -> None:
        """Enter values in place of what is entered."""
        self.fields.set_values(values)
        self.check()

    def focus_first(self) -> None:
        """Put the cursor into the field that a form of this kind is about."""
        first = {"script": "config.script", "policy": "config.checkpoint_path"}.get(self._kind, "")
        self.fields.focus_on(first if first in self.fields.rows else next(iter(self.fields.rows)))

    def check(self) -> _FormState:
        """Show what is wrong, what untouched fields stand for, and what the form makes."""
        state = self._collect_state()
        self.fields.show_state(state.values, defaults(self._form, state.values), list(state.problems))
        configs = to_run_configs(self._form, state.values)
        self.json.setPlainText(json.dumps(configs[0] if len(configs) == 1 else configs, indent=2, ensure_ascii=False))
        self.command.setPlainText(command_line(self._form, state.values).text)
        general = [f"{problem.path}: {problem.message}" for problem in state.problems if not problem.field]
        if state.problems:
            count = len(state.problems)
            self._say(
                "; ".join(general) or f"{count} {'field needs' if count == 1 else 'fields need'} attention", wrong=True
            )
        elif len(configs) > 1:
            self._say(f"starts {len(configs)} runs, one for each seed")
        else:
            self._say("")
        return state

    def reject(self) -> None:
        """Close the form; a dry run that is under way is dropped, but not runs that are being started."""
        if not self.dismiss.isEnabled():
            return
        if self._asked is not None:
            self._asked.cancel()
        super().reject()

    def _collect_state(self) -> _FormState:
        values = self.fields.values()
        return _FormState(values, tuple(problems(self._form, values)))

    def _lay_out(self) -> None:
        tabs = QTabWidget()
        tabs.addTab(self.fields, "Form")
        tabs.addTab(self.json, "JSON")
        tabs.addTab(self.command, "Command")
        save, copy = QPushButton("Save preset…"), QPushButton("Copy command")
        save.setAutoDefault(False)
        save.clicked.connect(self._save_preset)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.toPlainText()))
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.addWidget(label(self._form.about, tone="muted", wrap=True), 1)
        top.addWidget(self.presets)
        top.addWidget(save)
        for widget in (self.presets, save):
            widget.setVisible(self._presets is not None)
        bottom.addWidget(self.message, 1)
        for button in (copy, self.dry_run, self.dismiss, self.start):
            button.setAutoDefault(button is self.start)
            bottom.addWidget(button)
        self.dry_run.setVisible(self._link is not None)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(tabs, 1)
        layout.addLayout(bottom)
        screen = self.screen().availableGeometry() if self.screen() else None
        height = 700 if screen is None else min(700, screen.height() - 60)
        self.resize(860 if screen is None else min(860, screen.width() - 40), height)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        set_tone(self.message, "problem" if wrong else "muted")
        self.message.setText(text)

    # -- dry run and start ---------------------------------------------------------------------------------------------

    def _ready(self) -> bool:
        """Return whether nothing is wrong; else lead to what is."""
        state = self.check()
        first = next((problem.field for problem in state.problems if problem.field), None)
        if first is not None:
            self.fields.focus_on(first)
        return not state.problems

    def _dry_run(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._end_dry_run("dry run cancelled")
            return
        if self._link is None or not self._ready():
            return
        config = self._prepare(self.get_configs()[0])
        self.dry_run.setText("Stop dry run")
        self._say(f"{self._record.name} checks its config …")
        self._asked = self._link.ask(
            self, lambda client: client.validate(config), self._take_problems, lambda error: self._fail(error)
        )

    def _take_problems(self, found: list[Problem]) -> None:
        self._end_dry_run("\n".join(map(str, found)) or "dry run: nothing is wrong", wrong=bool(found))

    def _end_dry_run(self, text: str, *, wrong: bool = False) -> None:
        self._asked = None
        self.dry_run.setText("Dry run")
        self._say(text, wrong=wrong)

    def _start(self) -> None:
        if not self.start.isEnabled() or not self._ready():
            return
        self.log_constant(LOG_UI_TRAIN_FORM_UI_PATH, extra={"worker": self._record.name, "kind": self._kind})
        if self._link is None:
            self.accept()
            return
        configs = self.get_configs()
        if configs != self._begun:
            self._begun, self._started = configs, []
            self._group = f"g{time.time_ns() // 1_000_000:x}" if len(configs) > 1 else ""
        self.start.setEnabled(False)
        self.dismiss.setEnabled(False)
        self._submit_next([self._prepare(config) for config in configs[len(self._started) :]])

    def _submit_next(self, configs: list[dict[str, Any]]) -> None:
        if not configs or self._link is None:
            self.submitted.emit(self._started)
            self.accept()
            return
        config, *others = configs

        def started(run_id: str) -> None:
            self._started.append(run_id)
            self._submit_next(others)

        self._link.ask(
            self,
            lambda client: client.submit(config, group=self._group, parent_run_id=self._parent_run_id),
            started,
            lambda error: self._fail(error),
        )

    def _fail(self, error: MosaicError) -> None:
        """Say why the daemon refused; what was started already is not started again."""
        self.start.setEnabled(True)
        self.dismiss.setEnabled(True)
        begun = f"{len(self._started)} runs were started; " if self._started else ""
        self._end_dry_run(f"{begun}{error}", wrong=True)
        if isinstance(error, ConfigError) and error.problems:
            paths = {".".join(field.path): field.name for field in self._form.fields()}
            name = next((paths[problem.path] for problem in error.problems if problem.path in paths), None)
            if name is not None:
                self.fields.focus_on(name)

    # -- what can be offered -------------------------------------------------------------------------------------------

    def _offer_environments(self, page: Any) -> None:
        self.fields.offer("environments", [env for row in page.groups for env in row.key.get("env", [])])

    def _offer_checkpoints(self, paths: list[str]) -> None:
        self.fields.offer("checkpoints", paths)

    def _fill_presets(self) -> None:
        self.presets.clear()
        self.presets.addItem("Presets")
        try:
            self._known = self._presets.all() if self._presets is not None else {}
        except MosaicError as error:
            self._say(str(error), wrong=True)
            self._known = {}
        self.presets.addItems(list(self._known))
        self.presets.setEnabled(bool(self._known))

    def _use_preset(self, place: int) -> None:
        if place > 0:
            self.set_values(self._known.get(self.presets.itemText(place), {}))

    def _save_preset(self) -> None:
        name, given = QInputDialog.getText(self, "Save preset", "Name:")
        if not given or self._presets is None:
            return
        try:
            hidden = self._presets.save(self._form, name, self.values())
        except MosaicError as error:
            self._say(str(error), wrong=True)
            return
        self._fill_presets()
        self._say(f"saved {name}" + (f", without the secrets {', '.join(hidden)}" if hidden else ""))


def generated_form(
    kind: FormKind,
    worker: str,
    parent: QWidget | None = None,
    *,
    record: WorkerRecord | None = None,
    details: RunDetails | None = None,
    values: Values | None = None,
    executors: tuple[str, ...] = ("local",),
    **kwargs: Any,
) -> WorkerForm | None:
    """Return the form that a worker's schema makes; ``None``: it has none of this kind.

    Args:
        kind: What it is for.
        worker: The worker.
        parent: As of any widget.
        record: What is known of the worker; by default what the home knows.
        details: The run that it repeats, resumes or evaluates.
        values: What is entered at first, in place of what the run has.
        executors: Names of the executors that runs may use.
        kwargs: As of :class:`WorkerForm`.
    """
    found = record if record is not None else WorkerCatalog(mosaic_home()).get(worker)
    if kind == "script" and not found.has_field("script"):
        return None
    form = make_form(found, executors=executors)
    dialog = WorkerForm(form, found, kind=kind, parent=parent, **kwargs)
    initial = values_of_run(form, details.config) if details is not None else {}
    if kind in _MODES and kind != "train" and found.has_field("mode"):
        initial["config.mode"] = _MODES[kind]
        last = details.checkpoints[-1].path if details is not None and details.checkpoints else None
        if last is not None and found.has_field("checkpoint_path"):
            initial["config.checkpoint_path"] = last
        initial.pop("run_name", None)
    dialog.set_values({**initial, **(values or {})})
    dialog.focus_first()
    return dialog


def _environments(worker: str) -> Search:
    """Return the search for the environments of a worker's runs."""
    return Search(_of_worker(worker), group_by=("env",))


def _of_worker(worker: str) -> str:
    """Return the query for a worker's runs."""
    quoted = worker.replace("\\", "\\\\").replace('"', '\\"')
    return f'worker="{quoted}"'


async def _checkpoints(client: AsyncTrainerClient, worker: str) -> list[str]:
    """Return the checkpoints of a worker's newest runs, the newest run's last one first."""
    page = await client.search(Search(_of_worker(worker), limit=_RUNS))
    found = await asyncio.gather(*(client.details(row.run.run_id) for row in page.runs))
    return [saved.path for details in found for saved in reversed(details.checkpoints) if saved.worker_type == worker]
