"""Several runs side by side: their curves, one by one or together, and the settings in which they differ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QSplitter, QVBoxLayout, QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.reading import RunDetails, band_of, differing_settings, line_of, smoothed
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import RunSummary, return_of
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import choice, label, table
from gym_gui.ui.run.chart import Chart, Curve
from gym_gui.ui.run.rows import Column, Table
from gym_gui.ui.runs.columns import COLUMNS, state_text

#: Runs at once.
MOST = 100
_SINGLE, _SEEDS = "single runs", "runs that differ only in their seed"
_FIELDS = {"algorithm": "algo", "environment": "env", "worker": "worker", "name": "name"}


class ComparePage(QWidget):
    """Several runs.

    Args:
        link: The way to the daemon.
        run_ids: The runs.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_ids: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run_ids = list(run_ids[:MOST])
        self._runs: dict[str, RunSummary] = {}
        self._details: dict[str, RunDetails] = {}
        self.group = choice("Group", (_SINGLE, _SEEDS, *_FIELDS))
        self.smoothing = QSpinBox()
        self.smoothing.setRange(1, 100)
        self.smoothing.setPrefix("mean of ")
        self.smoothing.setSuffix(" points")
        self.smoothing.setAccessibleName("Smoothing")
        self.message = label(tone="muted", wrap=True)
        self.chart = Chart("return")
        self.rows: Table[tuple[Any, ...]] = Table(_columns([]), self)
        self.table = table(self.rows, "Runs and the settings in which they differ")
        self.table.setMinimumHeight(120)
        bar = QHBoxLayout()
        for widget in (self.group, self.smoothing, self.message):
            bar.addWidget(widget, 1 if widget is self.message else 0)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.chart)
        split.addWidget(self.table)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.addLayout(bar)
        layout.addWidget(split, 1)
        self.group.currentTextChanged.connect(lambda _text: self._draw())
        self.smoothing.valueChanged.connect(lambda _value: self._draw())
        self._watch = link.watch(
            self, lambda client: _each(client, self.run_ids), self._take, merge=_merged, failed=self._fail
        )
        link.ask(self, lambda client: _all_details(client, self.run_ids), self._take_details, self._fail)

    def close_page(self) -> None:
        """Stop to follow the runs; they go on."""
        self._watch.cancel()

    def _take(self, runs: dict[str, RunSummary]) -> None:
        self._runs.update(runs)
        self._draw()
        self._fill()

    def _take_details(self, details: dict[str, RunDetails]) -> None:
        self._details = details
        self._draw()
        self._fill()

    def _fail(self, error: MosaicError) -> None:
        self.message.setText(str(error))

    def _draw(self) -> None:
        groups: dict[str, list[RunSummary]] = {}
        for run_id in self.run_ids:
            if run_id in self._runs:
                groups.setdefault(self._key(self._runs[run_id]), []).append(self._runs[run_id])
        curves = [self._curve(key, runs) for key, runs in groups.items()]
        self.chart.show_curves([curve for curve in curves if curve is not None])
        lacking = sum(not any(worker.curve for worker in run.workers) for run in self._runs.values())
        self.message.setText(f"{lacking} of {len(self.run_ids)} runs have no episodes yet" if lacking else "")

    def _key(self, run: RunSummary) -> str:
        how = self.group.currentText()
        if how == _SINGLE:
            return run.run_id
        if how == _SEEDS:
            details = self._details.get(run.run_id)
            return json.dumps(_without_seed(details.settings), sort_keys=True, default=str) if details else run.run_id
        return _text_of(_FIELDS[how])(run)

    def _curve(self, key: str, runs: list[RunSummary]) -> Curve | None:
        lines = [smoothed(line, self.smoothing.value()) for line in map(line_of, runs) if line.steps]
        number = min(run.sequence for run in runs)
        if not lines:
            return None
        if len(runs) == 1:
            return Curve(runs[0].run_name, lines[0].steps, lines[0].returns, number=number)
        band = band_of(lines)
        how = self.group.currentText()
        name = runs[0].run_name if how == _SEEDS else key or f"no {how}"
        return Curve(f"{name} ({band.count} runs)", band.steps, band.mean, band.low, band.high, number)

    def _fill(self) -> None:
        known = [run_id for run_id in self.run_ids if run_id in self._runs]
        detailed = [run_id for run_id in known if run_id in self._details]
        settings = differing_settings([self._details[run_id] for run_id in detailed]) if len(detailed) > 1 else {}
        place = {run_id: at for at, run_id in enumerate(detailed)}
        rows = [
            (self._runs[run_id], *(values[place[run_id]] if run_id in place else None for values in settings.values()))
            for run_id in known
        ]
        self.rows.show_rows(rows, _columns(list(settings)))


async def _each(client: AsyncTrainerClient, run_ids: list[str]) -> Any:
    async for run in client.watch(run_ids, curves=True):
        yield {run.run_id: run}


async def _all_details(client: AsyncTrainerClient, run_ids: list[str]) -> dict[str, RunDetails]:
    found = await asyncio.gather(*map(client.details, run_ids))
    return dict(zip(run_ids, found, strict=True))


def _merged(old: dict[str, RunSummary], new: dict[str, RunSummary]) -> dict[str, RunSummary]:
    return {**old, **new}


def _without_seed(settings: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        worker: {name: value for name, value in given.items() if name != "seed"} for worker, given in settings.items()
    }


def _text_of(field: str) -> Callable[[RunSummary], str]:
    return next(column.text for column in COLUMNS if column.field == field)


def _columns(settings: list[str]) -> tuple[Column, ...]:
    def setting(at: int) -> Callable[[Any], str]:
        return lambda row: figures.NOTHING if row[at] is None else str(row[at])

    return (
        Column("Name", lambda row: row[0].run_name, 180),
        Column("Seed", lambda row: figures.NOTHING if row[0].seed is None else str(row[0].seed), 60, number=True),
        Column("State", lambda row: state_text(row[0].state.value), 100),
        Column("Return", lambda row: figures.decimal(return_of(row[0])), 80, number=True),
        Column("Best", lambda row: figures.decimal(row[0].best_return), 80, number=True),
        Column("Steps", lambda row: figures.short(row[0].steps), 80, number=True),
        *(Column(name, setting(at), 130) for at, name in enumerate(settings, start=1)),
    )
