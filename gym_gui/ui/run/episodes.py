"""The episodes of a run, and the steps of one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from gym_gui.app import EPISODE_COLUMNS, EPISODE_PHASES, EPISODE_SORTS, STEP_COLUMNS, page_text, steps_text
from gym_gui.reading import EpisodePage, EpisodeQuery
from gym_gui.telemetry import EpisodeRollup, StepRecord
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, beside, button, choice, label, splitter
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.replay import Replay
from gym_gui.ui.run.rows import Table, table_of

#: Episodes of a page, steps that are shown of one.
_PAGE, _STEPS = 200, 2000


class Episodes(RunPart):
    """The episodes of a run."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._offset = 0
        self.phase = choice("Phase", EPISODE_PHASES, lambda: self._turn(-self._offset))
        self.sort = choice("Order", EPISODE_SORTS, lambda: self._turn(-self._offset))
        self.earlier = button("Previous", lambda: self._turn(-_PAGE))
        self.later = button("Next", lambda: self._turn(_PAGE))
        self.reload = button("Reload", self.appear)
        self.message = label(tone="muted")
        self.episodes: Table[EpisodeRollup] = Table(EPISODE_COLUMNS, self)
        self.steps: Table[StepRecord] = Table(STEP_COLUMNS, self)
        self.table = table_of(self.episodes, "Episodes")
        self.steps_table = table_of(self.steps, "Steps of the episode")
        self.steps_message = label("select an episode to see its steps", tone="muted", wrap=True)
        bar = beside(self.phase, self.sort, self.reload, self.message, self.earlier, self.later, wide=self.message)
        lower = QWidget()
        below(lower, self.steps_message, self.steps_table, margins=False)
        self.replay = Replay(link, run_id)
        left = splitter(Qt.Orientation.Vertical, self.table, lower)
        below(self, bar, splitter(Qt.Orientation.Horizontal, left, self.replay, shares=(3, 2)))
        self.steps_table.selectionModel().currentRowChanged.connect(
            lambda index, _old: self.replay.show_step(index.row() + 1)
        )
        self.replay.moved.connect(self._mark_step)
        self.table.selectionModel().currentRowChanged.connect(lambda index, _old: self._show_steps(index.row()))

    def appear(self) -> None:
        """Read when this comes into view."""
        self._turn(0)

    def _turn(self, by: int) -> None:
        self._offset = max(self._offset + by, 0)
        self._asked.cancel()
        phase, sort = EPISODE_PHASES[self.phase.currentText()], EPISODE_SORTS[self.sort.currentText()]
        query = EpisodeQuery(phase=phase, sort=sort, offset=self._offset, limit=_PAGE)
        self._asked = self.ask(lambda client: client.episodes(self._run_id, query), self._take)

    def _take(self, page: EpisodePage) -> None:
        self.episodes.show_rows(page.episodes)
        self.message.setText(page_text(page, self._offset))
        self.earlier.setEnabled(self._offset > 0)
        self.later.setEnabled(self._offset + len(page.episodes) < page.total)

    def _mark_step(self, number: int) -> None:
        """Have the step whose outcome is shown stand out."""
        if 0 < number <= len(self.steps.rows) and self.steps_table.currentIndex().row() != number - 1:
            self.steps_table.selectRow(number - 1)

    def _show_steps(self, row: int) -> None:
        if not 0 <= row < len(self.episodes.rows):
            return
        episode = self.episodes.rows[row]
        self.replay.choose(episode.id, episode.steps or 0)

        def take(steps: list[StepRecord]) -> None:
            self.steps.show_rows(steps)
            self.steps_message.setText(steps_text(episode, len(steps)))

        self._link.ask(
            self,
            lambda client: client.steps(self._run_id, episode.id, limit=_STEPS),
            take,
            lambda error: self.steps_message.setText(str(error)),
        )
