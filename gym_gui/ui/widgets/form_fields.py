"""The fields of a form in their sections, with what is wrong beside each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from msgspec import UNSET
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from gym_gui.forms import Default, Field, FieldProblem, FormSpec, Section, Values, visible
from gym_gui.ui.parts import label, tip
from gym_gui.ui.widgets.inputs import Input, LineInput, input_for


class _Row:
    """A field's label, input and problem.

    Args:
        field: The field.
        parent: What has it.
    """

    def __init__(self, field: Field, parent: QWidget) -> None:
        self.field = field
        self.input: Input = input_for(field, parent)
        text = f"{field.label} *" if field.required else field.label
        self.label = label(text)
        self.label.setToolTip(tip(field.help))
        self.label.setBuddy(self.input)
        self.label.setContentsMargins(0, 5, 6, 0)
        self.unit = label(field.unit, tone="muted") if field.unit else None
        if self.unit is not None:
            self.unit.setContentsMargins(6, 0, 0, 0)
        self.problem: QLabel | None = None
        """What is wrong, once something was."""

    def add_to(self, grid: QGridLayout) -> None:
        self._grid, self._place = grid, grid.rowCount()
        grid.addWidget(self.label, self._place, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.input, self._place, 1)
        if self.unit is not None:
            grid.addWidget(self.unit, self._place, 2)
        grid.setRowMinimumHeight(self._place + 1, 0)  # for the problem

    def show_as(self, *, applies: bool) -> None:
        for widget in (self.label, self.input, self.unit):
            if widget is not None:
                widget.setVisible(applies)
        if not applies:
            self.show_problem(None)

    def show_problem(self, problem: FieldProblem | None) -> None:
        if problem is None:
            if self.problem is not None:
                self.problem.hide()
            return
        if self.problem is None:
            self.problem = label(tone="problem", wrap=True)
            self._grid.addWidget(self.problem, self._place + 1, 1, 1, 2)
        self.problem.setText(problem.sentence())
        self.problem.show()


class FormFields(QScrollArea):
    """All fields of a form.

    Args:
        form: The form.
        parent: As of any widget.
    """

    changed = Signal()

    def __init__(self, form: FormSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Fields")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.form = form
        self.rows: dict[str, _Row] = {}
        self._titles: list[tuple[Section, QLabel, QToolButton | None, QWidget | None]] = []
        inner = QWidget()
        self.setWidget(inner)  # first: what is moved later is styled again, with all that it has
        layout = QVBoxLayout(inner)
        layout.setSpacing(4)
        for section in form.sections:
            self._add_section(section, layout)
        layout.addStretch(1)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def values(self) -> Values:
        """Return what is entered: touched fields alone."""
        found = {name: row.input.value() for name, row in self.rows.items()}
        return {name: value for name, value in found.items() if value is not UNSET}

    def set_values(self, values: Values) -> None:
        """Enter values in place of what is entered."""
        for name, row in self.rows.items():
            row.input.set_value(values.get(name, UNSET))

    def show_state(
        self,
        values: Values,
        defaults: dict[str, Default],
        problems: Iterable[FieldProblem],
        hidden: Collection[str] = (),
    ) -> None:
        """Show what applies, what untouched fields stand for, and what is wrong.

        Args:
            values: What is entered.
            defaults: What untouched fields stand for.
            problems: What is wrong.
            hidden: Names of fields that are shown only if something is wrong with them.
        """
        by_field: dict[str, FieldProblem] = {}
        for problem in problems:
            by_field.setdefault(problem.field, problem)
        applying = set(visible(self.form, values)).difference(name for name in hidden if name not in by_field)
        for name, row in self.rows.items():
            row.show_as(applies=name in applying)
            if name in defaults:
                row.input.show_default(defaults[name])
            if name in applying:
                row.show_problem(by_field.get(name))
        for section, title, button, box in self._titles:
            advanced = any(field.name in applying for field in section.advanced)
            title.setVisible(advanced or any(field.name in applying for field in section.fields))
            if button is not None and box is not None:
                button.setVisible(advanced)
                if any(field.name in by_field for field in section.advanced):
                    button.setChecked(True)

    def reveal(self, name: str) -> None:
        """Bring a field into view, and open what it is folded into."""
        row = self.rows.get(name)
        if row is None:
            return
        for section, _, button, _ in self._titles:
            if button is not None and any(field.name == name for field in section.advanced):
                button.setChecked(True)
        QTimer.singleShot(0, row.input, lambda: self.ensureWidgetVisible(row.input))  # once its place is known

    def focus_on(self, name: str) -> None:
        """Bring a field into view and put the cursor into it."""
        self.reveal(name)
        if name in self.rows:
            self.rows[name].input.setFocus()

    def offer(self, kind: str, values: list[str]) -> None:
        """Offer values in the fields that ask for such.

        Args:
            kind: What is asked for, e.g. ``environments``.
            values: The values.
        """
        for row in self.rows.values():
            if row.field.suggest == kind and isinstance(row.input, LineInput):
                row.input.offer(values)

    def _add_section(self, section: Section, layout: QVBoxLayout) -> None:
        title = label(section.title, tone="title")
        title.setContentsMargins(0, 8, 0, 2)
        layout.addWidget(title)
        self._add_grid(section.fields, layout)
        button: QToolButton | None = None
        box: QWidget | None = None
        if section.advanced:
            button = QToolButton()
            button.setText(f"More about {section.title.lower()}")
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setArrowType(Qt.ArrowType.RightArrow)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            layout.addWidget(button)
            box = self._add_grid(section.advanced, layout)
            box.hide()
            button.toggled.connect(_folding(button, box))
        self._titles.append((section, title, button, box))

    def _add_grid(self, fields: list[Field], layout: QVBoxLayout) -> QWidget:
        box = QWidget()
        layout.addWidget(box)
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(0)  # as wide with units as without
        grid.setColumnMinimumWidth(0, 196)
        grid.setColumnMinimumWidth(2, 50)
        grid.setColumnStretch(1, 1)
        for field in fields:
            row = self.rows[field.name] = _Row(field, box)
            row.add_to(grid)
            row.input.changed.connect(self.changed)
        return box


def _folding(button: QToolButton, box: QWidget) -> Any:
    def fold(shown: bool) -> None:
        box.setVisible(shown)
        button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)

    return fold
