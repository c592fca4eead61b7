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
    """

    def __init__(self, field: Field) -> None:
        self.field = field
        self.input: Input = input_for(field)
        text = f"{field.label} *" if field.required else field.label
        self.label = label(text)
        self.label.setToolTip(tip(field.help))
        self.label.setBuddy(self.input)
        self.label.setContentsMargins(0, 5, 0, 0)
        self.unit = label(field.unit, tone="muted")
        self.problem = label(tone="problem", wrap=True, hidden=True)

    def add_to(self, grid: QGridLayout) -> None:
        row = grid.rowCount()
        grid.addWidget(self.label, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.input, row, 1)
        grid.addWidget(self.unit, row, 2)
        grid.addWidget(self.problem, row + 1, 1, 1, 2)

    def show_as(self, *, applies: bool) -> None:
        for widget in (self.label, self.input, self.unit):
            widget.setVisible(applies)
        if not applies:
            self.problem.hide()

    def show_problem(self, problem: FieldProblem | None) -> None:
        if problem is None:
            self.problem.hide()
            return
        near = f"; did you mean {problem.nearest}?" if problem.nearest else ""
        allowed = f" (allowed: {problem.allowed})" if problem.allowed else ""
        self.problem.setText(f"{problem.message}{allowed}{near}")
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
        layout = QVBoxLayout(inner)
        layout.setSpacing(4)
        for section in form.sections:
            self._add_section(section, layout)
        layout.addStretch(1)
        self.setWidget(inner)
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
        layout.addWidget(self._grid(section.fields))
        button: QToolButton | None = None
        box: QWidget | None = None
        if section.advanced:
            button = QToolButton()
            button.setText(f"More about {section.title.lower()}")
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setArrowType(Qt.ArrowType.RightArrow)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            box = self._grid(section.advanced)
            box.hide()
            button.toggled.connect(_folding(button, box))
            layout.addWidget(button)
            layout.addWidget(box)
        self._titles.append((section, title, button, box))

    def _grid(self, fields: list[Field]) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, 190)
        grid.setColumnMinimumWidth(2, 44)
        grid.setColumnStretch(1, 1)
        for field in fields:
            row = self.rows[field.name] = _Row(field)
            row.add_to(grid)
            row.input.changed.connect(self.changed)
        return box


def _folding(button: QToolButton, box: QWidget) -> Any:
    def fold(shown: bool) -> None:
        box.setVisible(shown)
        button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)

    return fold
