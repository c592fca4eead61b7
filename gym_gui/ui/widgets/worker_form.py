"""The form of a worker, made from its schema."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTabBar, QTabWidget, QVBoxLayout, QWidget

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.forms import (
    FieldProblem,
    FormSpec,
    Mode,
    Values,
    command_line,
    complete_run_config,
    defaults,
    in_mode,
    mode_of,
    mode_problems,
    problems,
    to_run_configs,
)
from gym_gui.logging_config import LogConstantMixin
from gym_gui.logging_config.log_constants import (
    LOG_UI_TRAIN_FORM_INFO,
    LOG_UI_TRAIN_FORM_TELEMETRY_PATH,
    LOG_UI_TRAIN_FORM_UI_PATH,
)
from gym_gui.ui.kinds import FormKind
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import label, read_only_text, set_tone, without_mnemonics
from gym_gui.ui.widgets.form_fields import FormFields
from gym_gui.ui.widgets.form_forecast import ForecastLine
from gym_gui.ui.widgets.form_presets import PresetButton
from gym_gui.ui.widgets.form_starter import RunStarter
from gym_gui.workers import WorkerRecord

_LOGGER = logging.getLogger(__name__)
#: Milliseconds after the last key until the form is checked.
_TYPING_MS = 60
_VERBS: dict[FormKind, str] = {
    "train": "Train", "policy": "Evaluate", "resume": "Resume", "evaluation": "Evaluate", "script": "Run script",
}  # fmt: skip
#: The field that a form of a kind is about.
_FIRST: dict[FormKind, str] = {"script": "config.script", "policy": "config.checkpoint_path"}


@dataclass(frozen=True)
class _FormState:
    """What a form holds at one moment.

    Args:
        values: What is entered.
        problems: What is wrong with it.
        configs: The run configs that it makes.
    """

    values: Values
    problems: tuple[FieldProblem, ...]
    configs: list[dict[str, Any]]


class WorkerForm(LogConstantMixin, QDialog):
    """A form that starts runs of one worker.

    A subclass may be registered as it is; it is made as this class is.

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
        self.form, self._record, self._kind = form, record, kind
        self._link, self._prepare = link, prepare
        self._asked: Asked | None = None
        self._kept: frozenset[str] = frozenset()
        """Fields that are shown though the mode hides them, since a run or a preset has them."""
        self.setWindowTitle(f"{_VERBS[kind]} {form.title}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.modes = list(self.make_modes())
        self.mode_tabs = QTabBar()
        self.fields = FormFields(form)
        self.json = read_only_text("Run config as JSON")
        self.command = read_only_text("Equal command", wrap=True)
        self.presets = PresetButton(form, home, link, self.values) if home is not None and link is not None else None
        self.notice = label(tone="notice", wrap=True, selectable=True, hidden=True)
        self.message = label(wrap=True, selectable=True)
        self.forecast = ForecastLine(link) if link is not None else None
        self.starter = RunStarter(link, prepare, parent_run_id, self) if link is not None else None
        self.dry_run, self.dismiss = QPushButton("Dry run"), QPushButton("Cancel")
        self.start = QPushButton(_VERBS[kind])
        self.start.setDefault(True)
        self._lay_out()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.check)
        self._connect()
        self.check()
        self.log_constant(LOG_UI_TRAIN_FORM_INFO, extra={"worker": record.name, "kind": kind})

    def make_modes(self) -> Sequence[Mode]:
        """Return the modes that :attr:`form` has as tabs above its fields; here none."""
        return ()

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
        return complete_run_config(state.configs[0], self._record.python)

    def get_configs(self) -> list[dict[str, Any]]:
        """Return the run config of each run that the form starts: one for each seed."""
        return self._collect_state().configs

    def values(self) -> Values:
        """Return what is entered: touched fields of the mode alone, and what the mode sets."""
        entered, mode = self.fields.values(), self.mode
        return entered if mode is None else in_mode(mode, entered, self._kept)

    def set_values(self, values: Values) -> None:
        """Enter values in place of what is entered, in the first mode that has them all."""
        fitting = mode_of(self.form, self.modes, values)
        self._kept = frozenset() if fitting is not None else frozenset(values)
        if fitting is not None:
            self.mode_tabs.blockSignals(True)
            self.mode_tabs.setCurrentIndex(self.modes.index(fitting))
            self.mode_tabs.blockSignals(False)
        self.fields.set_values(values)
        self._show_mode()

    @property
    def mode(self) -> Mode | None:
        """The mode that is chosen; ``None``: the form has none."""
        return self.modes[self.mode_tabs.currentIndex()] if self.modes else None

    def focus_first(self) -> None:
        """Put the cursor into the field that a form of this kind is about."""
        first = _FIRST.get(self._kind, "")
        at = next((at for at, mode in enumerate(self.modes) if mode.needs and mode.needs == first), None)
        if at is not None:
            self.mode_tabs.setCurrentIndex(at)
        self.fields.focus_on(first if first in self.fields.rows else next(iter(self.fields.rows)))

    def warn(self, text: str) -> None:
        """Say something above the fields that stays there."""
        self.notice.setText(text)
        self.notice.show()

    def check(self) -> _FormState:
        """Show what is wrong, what untouched fields stand for, and what the form makes."""
        state = self._collect_state()
        hidden = set(self.mode.hides).difference(self._kept) if self.mode is not None else set()
        self.fields.show_state(state.values, defaults(self.form, state.values), state.problems, hidden)
        configs = state.configs
        self.json.setPlainText(json.dumps(configs[0] if len(configs) == 1 else configs, indent=2, ensure_ascii=False))
        self.command.setPlainText(command_line(self.form, state.values).with_comments())
        if self.forecast is not None:
            self.forecast.follow([] if state.problems else configs)
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
        values = self.values()
        found = problems(self.form, values)
        if self.mode is not None:
            found += mode_problems(self.form, self.mode, values)
        return _FormState(values, tuple(found), to_run_configs(self.form, values))

    def _lay_out(self) -> None:
        for mode in self.modes:
            self.mode_tabs.addTab(without_mnemonics(mode.title))
        self.mode_tabs.setAccessibleName("Mode of the form")
        self.mode_tabs.setDrawBase(False)
        self.mode_tabs.setVisible(bool(self.modes))
        self.mode_tabs.setExpanding(False)
        form = QWidget()
        inner = QVBoxLayout(form)
        inner.setContentsMargins(0, 4, 0, 0)
        inner.addWidget(self.mode_tabs)
        inner.addWidget(self.fields)
        tabs = QTabWidget()
        for page, title in ((form, "Form"), (self.json, "JSON"), (self.command, "Command")):
            tabs.addTab(page, title)
        copy = QPushButton("Copy command")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.toPlainText()))
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.addWidget(label(self.form.about, tone="muted", wrap=True), 1)
        if self.presets is not None:
            top.addWidget(self.presets)
        bottom.addWidget(self.message, 1)
        for button in (copy, self.dry_run, self.dismiss, self.start):
            button.setAutoDefault(button is self.start)
            bottom.addWidget(button)
        self.dry_run.setVisible(self._link is not None)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.notice)
        layout.addWidget(tabs, 1)
        if self.forecast is not None:
            layout.addWidget(self.forecast)
        layout.addLayout(bottom)
        screen = self.screen().availableGeometry() if self.screen() else None
        height = 700 if screen is None else min(700, screen.height() - 60)
        self.resize(860 if screen is None else min(860, screen.width() - 40), height)

    def _connect(self) -> None:
        self.fields.changed.connect(self._typing.start)
        self.mode_tabs.currentChanged.connect(self._change_mode)
        self.start.clicked.connect(self._start)
        self.dry_run.clicked.connect(self._dry_run)
        self.dismiss.clicked.connect(self.reject)
        QShortcut(QKeySequence("Ctrl+Return"), self, self._start)
        if self.presets is not None:
            self.presets.chosen.connect(self.set_values)
            self.presets.said.connect(lambda text, wrong: self._say(text, wrong=wrong))
        if self.starter is not None:
            self.starter.done.connect(self._end)
            self.starter.failed.connect(self._fail)

    def _change_mode(self, _at: int) -> None:
        self._kept = frozenset()
        self._show_mode()

    def _show_mode(self) -> None:
        self.check()
        if self.mode is not None:
            self.fields.reveal(self.mode.needs)

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
        self._asked = self._link.ask(self, lambda client: client.validate(config), self._take_problems, self._fail)

    def _take_problems(self, found: list[Problem]) -> None:
        self._end_dry_run("\n".join(map(str, found)) or "dry run: nothing is wrong", wrong=bool(found))

    def _end_dry_run(self, text: str, *, wrong: bool = False) -> None:
        self._asked = None
        self.dry_run.setText("Dry run")
        self._say(text, wrong=wrong)

    def _start(self) -> None:
        if not self.start.isEnabled() or not self._ready():
            return
        values, about = self.values(), {"worker": self._record.name, "kind": self._kind}
        self.log_constant(LOG_UI_TRAIN_FORM_UI_PATH, extra={**about, "render": values.get("config.render")})
        self.log_constant(LOG_UI_TRAIN_FORM_TELEMETRY_PATH, extra={**about, "steps": values.get("config.steps")})
        if self.starter is None:
            self.accept()
            return
        self.start.setEnabled(False)
        self.dismiss.setEnabled(False)
        self.starter.start(self.get_configs())

    def _end(self, run_ids: list[str]) -> None:
        self.log_constant(
            LOG_UI_TRAIN_FORM_INFO, message="a form started runs", extra={"worker": self._record.name, "runs": run_ids}
        )
        self.submitted.emit(run_ids)
        self.accept()

    def _fail(self, error: MosaicError) -> None:
        """Say why the daemon refused; what was started already is not started again."""
        self.start.setEnabled(True)
        self.dismiss.setEnabled(True)
        count = len(self.starter.started) if self.starter is not None else 0
        self._end_dry_run(f"{count} runs were started; {error}" if count else str(error), wrong=True)
        if isinstance(error, ConfigError) and error.problems:
            paths = {".".join(field.path): field.name for field in self.form.fields()}
            name = next((paths[problem.path] for problem in error.problems if problem.path in paths), None)
            if name is not None:
                self.fields.focus_on(name)
