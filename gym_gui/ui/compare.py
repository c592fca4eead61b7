"""Several runs side by side: their curves, one by one or together, their results, and where their settings differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QSpinBox, QWidget

from gym_gui.app import (
    CENTRES_BY_NAME,
    COMPARED_FIELDS,
    GROUP_COLUMNS,
    GROUPED_BY,
    SINGLE_RUNS,
    SPREADS_BY_NAME,
    X_AXES,
    Comparison,
    compared_columns,
    csv_of,
    curves_of_groups,
)
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import (
    CONFIG,
    ComparedSeries,
    Line,
    RunRow,
    SeriesRequest,
    Statistic,
)  # fmt: skip
from gym_gui.rpc import lines_of_runs, series_of_runs, watch_rows
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.part import Part
from gym_gui.ui.parts import below, beside, button, choice, splitter, timer
from gym_gui.ui.run.chart import Chart
from gym_gui.ui.run.rows import Table, table_of

#: Runs at once, of which so many are asked for the names of their series; points of each curve; milliseconds between
#: two looks while one of the runs runs, and until results that changed are computed.
MOST, _NAMED, _POINTS, _EVERY_MS, _SOON_MS = 100, 10, 500, 3000, 500


class ComparePage(Part):
    """Several runs.

    Args:
        link: The way to the daemon.
        run_ids: The runs.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_ids: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(link, parent)
        self.run_ids = list(run_ids[:MOST])
        self._runs = Comparison()
        self._computing = Asked()
        self._stale = False
        self.metric_choice = choice("Metric", ("return",), self._read_anew)
        self.axis = choice("X axis", X_AXES, self._read_anew)
        self.group = choice("Group", GROUPED_BY, self._compute)
        self.centre = choice("Centre", CENTRES_BY_NAME, self._compute)
        self.spread = choice("Spread", SPREADS_BY_NAME, self._compute)
        self.smoothing = QSpinBox()
        self.smoothing.setRange(1, 100)
        self.smoothing.setPrefix("mean of ")
        self.smoothing.setSuffix(" points")
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.valueChanged.connect(lambda _value: self._compute())
        self.save_data = button("Save data…", self._save_data)
        self.save_picture = button("Save picture…", self._save_picture)
        self.chart = Chart("return")
        self.groups: Table[ComparedSeries] = Table(GROUP_COLUMNS, self)
        self.group_table = table_of(self.groups, "Results of the groups")
        self.rows: Table[tuple[Any, ...]] = Table(compared_columns([]), self)
        self.table = table_of(self.rows, "Runs and the settings in which they differ")
        for widget in (self.chart, self.group_table, self.table):
            widget.setMinimumHeight(100)
        below(
            self,
            beside(self.metric_choice, self.axis, self.smoothing, self.save_data, self.save_picture),
            beside(self.group, self.centre, self.spread, self.message, wide=self.message),
            splitter(Qt.Orientation.Vertical, self.chart, self.group_table, self.table, shares=(5, 2, 3)),
        )
        self.every(_EVERY_MS, self._ask_series)
        self._soon = timer(self, _SOON_MS, self._compute, single=True)
        self._watch = link.watch(
            self, lambda client: watch_rows(client, self.run_ids, COMPARED_FIELDS), self._take, failed=self.fail
        )
        self.ask(lambda client: series_of_runs(client, self.run_ids[:_NAMED]), self._take_names)

    def close_page(self) -> None:
        """Stop to follow the runs; they go on."""
        self._watch.cancel()

    def _take(self, rows: list[RunRow]) -> None:
        """Take the runs as they stand: each with its settings."""
        self._runs.rows = rows
        columns, shown = self._runs.table()
        same = len(shown) == len(self.rows.rows) and [each.title for each in columns] == self.rows.titles()
        self.rows.show_rows(shown, columns, same=same)
        known = [self.group.itemText(at) for at in range(self.group.count())]
        settings = [f"{CONFIG}{name}" for name in self._runs.settings()]
        self.group.addItems([name for name in settings if name not in known])
        if not self._runs.has_lines:
            self._ask_series()
        if not self._soon.isActive():
            self._soon.start()

    def _take_names(self, names: list[str]) -> None:
        self.metric_choice.addItems([name for name in names if name != "return"])

    def _read_anew(self) -> None:
        self._asked.cancel()
        self._runs.forget_lines()
        self._ask_series()

    def _ask_series(self) -> None:
        """Read the curves that can have changed."""
        ended, wanted = self._runs.ended(), self._runs.unread()
        if not self._asked.pending and self.isVisible() and wanted:
            names, axis = (self.metric_choice.currentText(),), X_AXES[self.axis.currentText()]
            request = SeriesRequest(names=names, x=axis, points=_POINTS)
            self._asked = self.ask(
                lambda client: lines_of_runs(client, wanted, request), lambda lines: self._take_lines(lines, ended)
            )

    def _take_lines(self, lines: dict[str, Line], ended: set[str]) -> None:
        self._runs.take_lines(lines, ended)
        self.message.setText(self._runs.gaps_text(self.metric_choice.currentText()))
        self._compute()

    def _compute(self) -> None:
        """Have curves and results computed in a thread, one at a time: a bootstrap of many runs takes long."""
        self._stale = self._computing.pending
        if self._stale:
            return
        statistic = Statistic(CENTRES_BY_NAME[self.centre.currentText()], SPREADS_BY_NAME[self.spread.currentText()])
        of_runs = self.metric_choice.currentText() == "return"
        work = self._runs.computation(self.group.currentText(), statistic, self.smoothing.value(), of_runs=of_runs)
        self._computing = self._link.run(self, work, self._draw, self.fail)

    def _draw(self, groups: list[ComparedSeries]) -> None:
        if self._stale:
            self._compute()
        for widget in (self.centre, self.spread, self.group_table):
            widget.setVisible(self.group.currentText() != SINGLE_RUNS)
        self.chart.name_axes(self.metric_choice.currentText(), self.axis.currentText())
        self.chart.show_curves(curves_of_groups(groups))
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
            self._link.run(self, save, lambda _: self.message.setText(f"saved {chosen}"), self.fail)
