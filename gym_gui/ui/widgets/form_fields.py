"""The fields of a form in their sections, with what is wrong beside each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import UNSET
from PySide6.QtCore import Qt, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from gym_gui.forms import Default, Field, FieldProblem, FormSpec, Section, Values, first_problems, visible
from gym_gui.ui.parts import label, scroll_area, tip, without_mnemonics
from gym_gui.ui.widgets.inputs import ChoiceInput, Input, LineInput, input_for


class _Row:
    """A field's label, input and problem, made once they are to be seen: most fields of a form are not.

    Args:
        field: The field.
        grid: Where they are shown.
        changed: Emitted with each change of the input.
    """

    def __init__(self, field: Field, grid: QGridLayout, changed: SignalInstance) -> None:
        self.field = field
        self.folded = False
        """It is in a section that is not open."""
        self.problem: QLabel | None = None
        """What is wrong, once something was."""
        self.made: Input | None = None
        """The input, if there is one."""
        self._grid, self._place, self._changed = grid, grid.rowCount(), changed
        grid.setRowMinimumHeight(self._place + 1, 0)  # for the problem
        self._labels: list[QLabel] = []
        self._value: Any = UNSET
        self._default: Default | None = None
        self._offered: list[str] = []
        self._left: list[Any] | None = None
        self._applies = True

    @property
    def input(self) -> Input:
        """The input."""
        if self.made is None:
            self.made = self._make()
            self.made.changed.connect(self._changed)
        return self.made

    def value(self) -> Any:
        return self._value if self.made is None else self.made.value()

    def set_value(self, value: Any) -> None:
        self._value = value
        if self.made is not None:
            self.made.set_value(value)

    def offer(self, values: list[str]) -> None:
        self._offered = values
        if isinstance(self.made, LineInput):
            self.made.offer(values)

    def narrow(self, choices: list[Any] | None) -> None:
        self._left = choices
        if isinstance(self.made, ChoiceInput):
            self.made.narrow(choices)

    def show_as(self, *, applies: bool, default: Default | None) -> None:
        self._applies, self._default = applies, default or self._default
        if applies and not self.folded and self.made is None:
            self.input  # noqa: B018 - makes it
        elif self.made is not None:
            self._show(self.made)
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

    def unfold(self, *, folded: bool) -> None:
        self.folded = folded
        self.show_as(applies=self._applies, default=None)

    def _show(self, made: Input) -> None:
        if self._default is not None:
            made.show_default(self._default)
        for widget in (made, *self._labels):
            widget.setVisible(self._applies)

    def _make(self) -> Input:
        field = self.field
        made = input_for(field, self._grid.parentWidget())
        made.set_value(self._value)
        if isinstance(made, LineInput):
            made.offer(self._offered)
        elif isinstance(made, ChoiceInput):
            made.narrow(self._left)
        name = label(without_mnemonics(f"{field.label} *" if field.required else field.label))  # it has a buddy
        name.setToolTip(tip(field.help))
        name.setBuddy(made)
        name.setContentsMargins(0, 5, 6, 0)
        self._labels = [name]
        self._grid.addWidget(name, self._place, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(made, self._place, 1)
        if field.unit:
            unit = label(field.unit, tone="muted")
            unit.setContentsMargins(6, 0, 0, 0)
            self._labels.append(unit)
            self._grid.addWidget(unit, self._place, 2)
        self._show(made)
        return made


class FormFields(QScrollArea):
    """All fields of a form.

    Args:
        form: The form.
        parent: As of any widget.
    """

    changed = Signal()

    def __init__(self, form: FormSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it scrolls with the cursor in its fields
        self.form = form
        self.rows: dict[str, _Row] = {}
        self._titles: list[tuple[Section, QLabel, QToolButton | None, QWidget | None]] = []
        inner = QWidget()
        scroll_area(inner, "Fields", self)  # first: what is moved later is styled again, with all that it has
        layout = QVBoxLayout(inner)
        layout.setSpacing(4)
        for section in form.sections:
            self._add_section(section, layout)
        layout.addStretch(1)

    def values(self) -> Values:
        """Return what is entered: touched fields alone."""
        found = {name: row.value() for name, row in self.rows.items()}
        return {name: value for name, value in found.items() if value is not UNSET}

    def set_values(self, values: Values) -> None:
        """Enter values in place of what is entered."""
        for name, row in self.rows.items():
            row.set_value(values.get(name, UNSET))

    def show_state(
        self,
        values: Values,
        defaults: dict[str, Default],
        problems: Iterable[FieldProblem],
        hidden: Collection[str] = (),
        narrows: Mapping[str, list[Any]] | None = None,
    ) -> None:
        """Show what applies, what untouched fields stand for, and what is wrong.

        Args:
            values: What is entered.
            defaults: What untouched fields stand for.
            problems: What is wrong.
            hidden: Names of fields that are shown only if something is wrong with them.
            narrows: By names of fields: the choices that are left of them.
        """
        by_field = first_problems(problems)
        applying = set(visible(self.form, values)).difference(name for name in hidden if name not in by_field)
        for name, row in self.rows.items():
            row.narrow((narrows or {}).get(name))
            row.show_as(applies=name in applying, default=defaults.get(name))
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
            if row.field.suggest == kind:
                row.offer(values)

    def focus_order(self) -> list[QWidget]:
        """Return what the cursor goes through, in the order in which it is shown."""
        found: list[QWidget] = []
        for section, _, button, _ in self._titles:
            for fields, after in ((section.fields, button), (section.advanced, None)):
                rows = [self.rows[field.name].made for field in fields]
                found += [part for made in rows if made is not None for part in made.parts()]
                found += [after] if after is not None else []
        return found

    def _add_section(self, section: Section, layout: QVBoxLayout) -> None:
        title = label(section.title, tone="title")
        title.setContentsMargins(0, 8, 0, 2)
        layout.addWidget(title)
        self._add_grid(section.fields, layout)
        button: QToolButton | None = None
        box: QWidget | None = None
        if section.advanced:
            button = QToolButton()
            button.setText(without_mnemonics(f"More about {section.title[:1].lower()}{section.title[1:]}"))
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setArrowType(Qt.ArrowType.RightArrow)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            layout.addWidget(button)
            box = self._add_grid(section.advanced, layout)
            self._fold(section, button, box, shown=False)
            button.toggled.connect(lambda shown: self._fold(section, button, box, shown=shown))
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
            self.rows[field.name] = _Row(field, grid, self.changed)
        return box

    def _fold(self, section: Section, button: QToolButton, box: QWidget, *, shown: bool) -> None:
        for field in section.advanced:
            self.rows[field.name].unfold(folded=not shown)
        box.setVisible(shown)
        button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
