"""The form of a worker, made from its schema."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.forms import (
    FIRST_FIELDS,
    VERBS,
    FilledForm,
    FormKind,
    FormSpec,
    Mode,
    Values,
    complete_run_config,
    field_of_error,
    fill_form,
    mode_of,
)
from gym_gui.jobs import Job, trial_text
from gym_gui.logging_config import LogConstantMixin
from gym_gui.logging_config.log_constants import (
    LOG_UI_TRAIN_FORM_INFO,
    LOG_UI_TRAIN_FORM_TELEMETRY_PATH,
    LOG_UI_TRAIN_FORM_UI_PATH,
)
from gym_gui.rpc import Prepare, RunGroup
from gym_gui.runs import RunState
from gym_gui.ui.docks.job_log import JobLog
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, timer
from gym_gui.ui.widgets.form_dialog import FormDialog
from gym_gui.ui.widgets.form_forecast import ForecastLine
from gym_gui.ui.widgets.form_presets import PresetButton
from gym_gui.workers import WorkerRecord

_LOGGER = logging.getLogger(__name__)
#: Milliseconds after the last key until the form is checked.
_TYPING_MS = 60


class WorkerForm(LogConstantMixin, FormDialog):
    """A form that starts runs of one worker.

    A subclass may be registered as it is; it is made as this class is. :meth:`set_values` fills it.

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
        prepare: Prepare = lambda config: config,
        parent_run_id: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(form, VERBS[kind], parent)
        self._logger = _LOGGER
        self._record, self._kind, self._parent_run_id = record, kind, parent_run_id
        self._link, self._prepare = link, prepare
        self._asked = Asked()
        self._runs = RunGroup()
        self._kept: frozenset[str] = frozenset()
        """Fields that are shown though the mode hides them, since a run or a preset has them."""
        self.presets = PresetButton(form, home, link, self.values) if home is not None and link is not None else None
        self.forecast = ForecastLine(link) if link is not None else None
        self.job = JobLog(link) if link is not None else None
        self.dry_run.setVisible(link is not None)
        if self.presets is not None:
            self.top.addWidget(self.presets)
        if self.forecast is not None:
            self.above_buttons.addWidget(self.forecast)
        if self.job is not None:
            below(self.trial, self.job)
        self._typing = timer(self, _TYPING_MS, self.check, single=True)
        self._connect()
        self.log_constant(LOG_UI_TRAIN_FORM_INFO, extra={"worker": record.name, "kind": kind})

    def get_config(self) -> dict[str, Any]:
        """Return the run config of what is entered, with every default; of several seeds, that of the first.

        Raises:
            ConfigError: What is entered is not valid.
        """
        filled = self._filled()
        filled.check()
        return complete_run_config(filled.configs[0], self._record.python)

    def get_configs(self) -> list[dict[str, Any]]:
        """Return the run config of each run that the form starts: one for each seed."""
        return self._filled().configs

    def values(self) -> Values:
        """Return what is entered: touched fields of the mode alone, and what the mode sets."""
        return self._filled().values

    def set_values(self, values: Values) -> None:
        """Enter values in place of what is entered, in the first mode that has them all."""
        fitting = mode_of(self.form, self.modes, values)
        self._kept = frozenset() if fitting is not None else frozenset(values)
        if fitting is not None:
            with QSignalBlocker(self.mode_tabs):
                self.mode_tabs.setCurrentIndex(self.modes.index(fitting))
        self.fields.set_values(values)
        self._show_mode()

    def focus_first(self) -> None:
        """Put the cursor into the field that a form of this kind is about."""
        first = FIRST_FIELDS.get(self._kind, "")
        at = next((at for at, mode in enumerate(self.modes) if mode.needs and mode.needs == first), None)
        if at is not None:
            self.mode_tabs.setCurrentIndex(at)
        self.fields.focus_on(first if first in self.fields.rows else next(iter(self.fields.rows)))

    def check(self) -> FilledForm:
        """Show what is wrong, what untouched fields stand for, and what the form makes."""
        filled, mode = self._filled(), self.mode or Mode(title="")
        hidden = set(mode.hides).difference(self._kept)
        self.fields.show_state(filled.values, filled.defaults, filled.problems, hidden, mode.narrows)
        self.json.setPlainText(filled.json)
        self.command.setPlainText(filled.command.with_comments())
        if self.forecast is not None:
            self.forecast.follow([] if filled.problems else filled.configs)
        self.say(filled.summary, wrong=bool(filled.problems))
        return filled

    def reject(self) -> None:
        """Close the form; a dry run that is under way is dropped, but not runs that are being started."""
        if not self.dismiss.isEnabled():
            return
        self._asked.cancel()
        super().reject()

    def _filled(self) -> FilledForm:
        return fill_form(self.form, self.fields.values(), self.mode, self._kept)

    def _connect(self) -> None:
        self.fields.changed.connect(self._typing.start)
        self.mode_tabs.currentChanged.connect(self._change_mode)
        self.start.clicked.connect(self._start)
        self.dry_run.clicked.connect(self._dry_run)
        self.dismiss.clicked.connect(self.reject)
        QShortcut(QKeySequence("Ctrl+Return"), self, self._start)
        if self.presets is not None:
            self.presets.chosen.connect(self.set_values)
            self.presets.said.connect(lambda text, wrong: self.say(text, wrong=wrong))

    def _change_mode(self, _at: int) -> None:
        self._kept = frozenset()
        self._show_mode()

    def _show_mode(self) -> None:
        self.check()
        if self.mode is not None:
            self.fields.reveal(self.mode.needs)

    # -- dry run and start ---------------------------------------------------------------------------------------------

    def _ready(self) -> bool:
        """Return whether nothing is wrong; else lead to what is."""
        state = self.check()
        first = next((problem.field for problem in state.problems if problem.field), None)
        if first is not None:
            self.show_trial(shown=False)
            self.fields.focus_on(first)
        return not state.problems

    def _dry_run(self) -> None:
        if self._asked.pending:
            self._end_dry_run("dry run cancelled")
            return
        if self._link is None or not self._ready():
            return
        runs = RunGroup(self.get_configs()[:1])
        self.dry_run.setText("Stop dry run")
        self.say(f"{self._record.name} checks its config …")
        worker = self._record.name
        self._asked = self._link.watch(
            self, lambda client: runs.dry_run(client, self._prepare, worker), self._show_dry_run, failed=self._fail
        )

    def _show_dry_run(self, job: Job) -> None:
        if self.job is not None:
            self.job.show_job(job)
            self.show_trial(shown=True)
        if job.state is RunState.CANCELLED:
            self._end_dry_run("dry run cancelled")
        elif job.state.terminal:
            self._end_dry_run(trial_text(job), wrong=job.error is not None)

    def _end_dry_run(self, text: str, *, wrong: bool = False) -> None:
        self._asked.cancel()
        self.dry_run.setText("Dry run")
        self.say(text, wrong=wrong)

    def _start(self) -> None:
        if not self.start.isEnabled() or not self._ready():
            return
        values, about = self.values(), {"worker": self._record.name, "kind": self._kind}
        self.log_constant(LOG_UI_TRAIN_FORM_UI_PATH, extra={**about, "render": values.get("config.render")})
        self.log_constant(LOG_UI_TRAIN_FORM_TELEMETRY_PATH, extra={**about, "steps": values.get("config.steps")})
        if self._link is None:
            self.accept()
            return
        configs = self.get_configs()
        if configs != self._runs.configs:
            self._runs = RunGroup(configs, self._parent_run_id)
        self.start.setEnabled(False)
        self.dismiss.setEnabled(False)
        runs = self._runs
        self._link.ask(self, lambda client: runs.start(client, self._prepare), self._end, self._fail)

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
        count = len(self._runs.run_ids)
        self._end_dry_run(f"{count} runs were started; {error}" if count else str(error), wrong=True)
        name = field_of_error(self.form, error)
        if name:
            self.fields.focus_on(name)
