"""The window in the colours of MOSAIC's palette."""

from __future__ import annotations

from pathlib import Path
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from gym_gui.look import COLOURS, STATES, Role, Theme

_R = QPalette.ColorRole


def theme_of(application: QApplication) -> Theme:
    """Return which theme the desktop prefers."""
    return "dark" if application.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"


def current_theme() -> Theme:
    """Return the theme that is applied."""
    application = QGuiApplication.instance()
    return application.property("mosaicTheme") or "light" if application is not None else "light"


def colour(role: Role) -> QColor:
    """Return a colour of the applied theme."""
    return QColor(COLOURS[current_theme()][role])


def state_colour(state: str) -> QColor:
    """Return the colour of a run's state."""
    look = STATES.get(state)
    return colour(look.colour if look is not None else "text")


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Give the whole application a theme.

    Args:
        application: The application.
        theme: The theme.
    """
    application.setProperty("mosaicTheme", theme)
    application.setStyle("Fusion")
    shades = {role: QColor(value) for role, value in COLOURS[theme].items()}
    palette = QPalette()
    for role, shade in (
        (_R.Window, "background"), (_R.Base, "background"), (_R.AlternateBase, "surface"), (_R.Button, "surface"),
        (_R.WindowText, "text"), (_R.Text, "text"), (_R.ButtonText, "text"), (_R.ToolTipText, "text"),
        (_R.ToolTipBase, "surface"), (_R.PlaceholderText, "muted"), (_R.Highlight, "accent"),
        (_R.HighlightedText, "on_accent"), (_R.Link, "accent"), (_R.Mid, "line"), (_R.Dark, "line"),
        (_R.Light, "surface"), (_R.Midlight, "line"), (_R.Shadow, "line"), (_R.Accent, "accent"),
    ):  # fmt: skip
        palette.setColor(role, shades[shade])  # type: ignore[index]
    for role in (_R.WindowText, _R.Text, _R.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, shades["muted"])
    application.setPalette(palette)
    application.setStyleSheet(_sheet(theme))


def fixed_font(widget_font: QFont) -> QFont:
    """Return a font of one width, as large as a widget's."""
    font = QFont("monospace")
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPointSizeF(widget_font.pointSizeF())
    return font


def _sheet(theme: Theme) -> str:
    text = Path(__file__).with_name("style.qss").read_text("utf-8")
    return Template(text).substitute({str(role): shade for role, shade in COLOURS[theme].items()})
