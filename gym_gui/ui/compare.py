"""Several runs side by side: their curves, one by one or together, their results, and where their settings differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QPushButton, QSpinBox, QWidget

from gym_gui.app import state_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.reading import (
    ALL_SETTINGS,
    CENTRES,
    CONFIG,
    SPREADS,
    ComparedSeries,
    Description,
    Line,
    RunRow,
    SeriesRequest,
    Statistic,
    compare_series,
    differing_values,
    settings_of,
    smoothed,
)  # fmt: skip
from gym_gui.rpc import lines_of_runs, series_of_runs, watch_rows
from gym_gui.runs import return_of
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, choice, label, splitter
from gym_gui.ui.run.chart import Chart, Curve, csv_of
from gym_gui.ui.run.rows import Column, Table, table_of

#: Runs at once, of which so many are asked for the names of their series; points of each curve; milliseconds between
#: two looks while one of the runs runs, and until results that changed are computed.
MOST, _NAMED, _POINTS, _EVERY_MS, _SOON_MS = 100, 10, 500, 3000, 500
_SINGLE, SEEDS = "single runs", "runs that differ only in their seed"
#: By what stands in the box: the field that runs of a group have in common.
_BY = {
    _SINGLE: "id", SEEDS: "variant", "algorithm": "algo", "environment": "env",
    "worker": "worker", "name": "name",
}  # fmt: skip
_FIELDS = (ALL_SETTINGS, *_BY.values())
_AXES = {"environment steps": "step", "episodes": "episode", "time since the start": "relative"}
_CENTRES = dict(zip(("mean", "median", "interquartile mean"), CENTRES, strict=True))
_SPREADS = dict(zip(("± standard deviation", "lowest to highest", "95 % bootstrap interval"), SPREADS, strict=True))


class ComparePage(QWidget):
    """Several runs.

    Args:
        link: The way to the daemon.
        run_ids: The runs.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_ids: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.run_ids = list(run_ids[:MOST])
        self._rows: list[RunRow] = []
        self._lines: dict[str, Line] = {}
        self._whole: set[str] = set()
        """Runs that had ended before their curve was read."""
        self._asked: Asked | None = None
        self._computing: Asked | None = None
        self._stale = False
        self.group, self.metric_choice = choice("Group", _BY), choice("Metric", ("return",))
        self.axis = choice("X axis", _AXES)
        self.centre, self.spread = choice("Centre", _CENTRES), choice("Spread", _SPREADS)
        self.smoothing = QSpinBox()
        self.smoothing.setRange(1, 100)
        self.smoothing.setPrefix("mean of ")
        self.smoothing.setSuffix(" points")
        self.smoothing.setAccessibleName("Smoothing")
        self.save_data, self.save_picture = QPushButton("Save data…"), QPushButton("Save picture…")
        self.message = label(tone="muted", wrap=True)
        self.chart = Chart("return")
        self.groups: Table[ComparedSeries] = Table(_GROUP_COLUMNS, self)
        self.group_table = table_of(self.groups, "Results of the groups")
        self.rows: Table[tuple[Any, ...]] = Table(_columns([]), self)
        self.table = table_of(self.rows, "Runs and the settings in which they differ")
        for widget in (self.chart, self.group_table, self.table):
            widget.setMinimumHeight(100)
        below(
            self,
            beside(self.metric_choice, self.axis, self.smoothing, self.save_data, self.save_picture),
            beside(self.group, self.centre, self.spread, self.message, wide=self.message),
            splitter(Qt.Orientation.Vertical, self.chart, self.group_table, self.table, shares=(5, 2, 3)),
        )
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._ask_series)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._compute)
        for box in (self.group, self.centre, self.spread):
            box.currentTextChanged.connect(lambda _text: self._compute())
        self.smoothing.valueChanged.connect(lambda _value: self._compute())
        for box in (self.metric_choice, self.axis):
            box.currentTextChanged.connect(lambda _text: self._ask_series(again=True))
        self.save_data.clicked.connect(self._save_data)
        self.save_picture.clicked.connect(self._save_picture)
        self._watch = link.watch(
            self, lambda client: watch_rows(client, self.run_ids, _FIELDS), self._take, failed=self._fail
        )
        link.ask(self, lambda client: series_of_runs(client, self.run_ids[:_NAMED]), self._take_names, self._fail)

    def close_page(self) -> None:
        """Stop to follow the runs; they go on."""
        self._watch.cancel()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Look at the curves."""
        super().showEvent(event)
        self._ask_series()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - as Qt names it
        """Do not read what is not seen."""
        super().hideEvent(event)
        self._timer.stop()

    def _take(self, rows: list[RunRow]) -> None:
        """Take the runs as they stand: each with its settings."""
        self._rows = rows
        settings = differing_values([settings_of(row) for row in rows])
        settings.pop("seed", None)  # it has a column of its own
        columns = _columns(list(settings))
        shown = [(row.run, *(values[at] for values in settings.values())) for at, row in enumerate(rows)]
        same = len(shown) == len(self.rows.rows) and [each.title for each in columns] == self.rows.titles()
        self.rows.show_rows(shown, columns, same=same)
        known = [self.group.itemText(at) for at in range(self.group.count())]
        self.group.addItems([f"{CONFIG}{name}" for name in settings if f"{CONFIG}{name}" not in known])
        if not self._lines:
            self._ask_series()
        if not self._soon.isActive():
            self._soon.start()

    def _take_names(self, names: list[str]) -> None:
        self.metric_choice.addItems([name for name in names if name != "return"])

    def _ask_series(self, *, again: bool = False) -> None:
        """Read the curves that can have changed, or all of them."""
        if again:
            if self._asked is not None:
                self._asked.cancel()
            self._asked, self._lines, self._whole = None, {}, set()
        ended = {row.run.run_id for row in self._rows if row.run.state.terminal}
        wanted = [row.run.run_id for row in self._rows if row.run.run_id not in self._whole]
        if self._asked is None and self.isVisible() and wanted:
            names, axis = (self.metric_choice.currentText(),), _AXES[self.axis.currentText()]
            request = SeriesRequest(names=names, x=axis, points=_POINTS)
            self._asked = self._link.ask(
                self, lambda client: lines_of_runs(client, wanted, request),
                lambda lines: self._take_lines(lines, ended), self._fail,
            )  # fmt: skip

    def _take_lines(self, lines: dict[str, Line], ended: set[str]) -> None:
        self._asked = None
        self._lines.update(lines)
        self._whole |= ended
        without = sum(not self._lines[row.run.run_id].steps for row in self._rows if row.run.run_id in self._lines)
        metric = self.metric_choice.currentText()
        self.message.setText(f"{without} of {len(self._rows)} runs have no {metric} yet" if without else "")
        self._compute()

    def _fail(self, error: MosaicError) -> None:
        self._asked = self._computing = None
        self.message.setText(str(error))

    def _compute(self) -> None:
        """Have curves and results computed in a thread, one at a time: a bootstrap of many runs takes long."""
        self._stale = self._computing is not None
        if self._stale:
            return
        by, of_runs = self.group.currentText(), self.metric_choice.currentText() == "return"
        statistic = Statistic(_CENTRES[self.centre.currentText()], _SPREADS[self.spread.currentText()])
        rows, lines, window = list(self._rows), dict(self._lines), self.smoothing.value()

        def compute() -> list[ComparedSeries]:
            smooth = {run_id: smoothed(line, window) for run_id, line in lines.items()}
            return compare_series(rows, _BY.get(by, by), statistic, smooth, of_runs=of_runs)

        self._computing = self._link.run(self, compute, self._draw, self._fail)

    def _draw(self, groups: list[ComparedSeries]) -> None:
        self._computing = None
        if self._stale:
            self._compute()
        for widget in (self.centre, self.spread, self.group_table):
            widget.setVisible(self.group.currentText() != _SINGLE)
        self.chart.name_axes(self.metric_choice.currentText(), self.axis.currentText())
        self.chart.show_curves(
            [Curve(each.name, each.steps, each.centre, each.low, each.high, each.sequence) for each in groups]
        )
        self.groups.show_rows(groups, same=len(groups) == len(self.groups.rows))

    def _save_data(self) -> None:
        curves = list(self.chart.curves)
        self._save("comparison.csv", "CSV (*.csv)", lambda path: path.write_text(csv_of(curves), "utf-8"))

    def _save_picture(self) -> None:
        image = self.chart.grab().toImage()
        self._save("comparison.png", "PNG (*.png)", lambda path: image.save(str(path), "PNG"))

    def _save(self, name: str, kinds: str, write: Callable[[Path], object]) -> None:
        """Have something saved where the user says."""
        chosen, _ = QFileDialog.getSaveFileName(self, "Save as", name, kinds)

        def save() -> None:
            try:
                if not write(Path(chosen)):
                    raise OSError("it cannot be written")
            except OSError as error:
                raise MosaicError(
                    "this cannot be saved", where=chosen, why=str(error), next_step="choose another place"
                ) from error

        if chosen:
            self._link.run(self, save, lambda _: self.message.setText(f"saved {chosen}"), self._fail)


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


def _result(title: str, text: Callable[[Description], str], width: int = 130) -> Column:
    shown = lambda group: figures.NOTHING if group.result is None else text(group.result)  # noqa: E731
    return Column(title, shown, width, number=True)


def _range(low: float, high: float, words: str = " to ") -> str:
    return f"{figures.decimal(low)}{words}{figures.decimal(high)}"


_GROUP_COLUMNS: tuple[Column, ...] = (
    Column("Group", lambda group: group.name, 220),
    _result("Runs", lambda found: str(found.count), 50),
    _result("Mean ± std", lambda found: _range(found.mean, found.std, " ± ")),
    _result("95 % of the mean", lambda found: _range(found.mean_low, found.mean_high)),
    _result("Median", lambda found: figures.decimal(found.median), 80),
    _result("IQM", lambda found: figures.decimal(found.iqm), 80),
    _result("Lowest to highest", lambda found: _range(found.low, found.high)),
)
