"""The window in the colours of MOSAIC's palette."""

from __future__ import annotations

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
    shade = COLOURS[theme]
    return f"""
    QToolTip {{ color: {shade["text"]}; background: {shade["surface"]}; border: 1px solid {shade["line"]};
      padding: 3px; }}
    QHeaderView::section {{ background: {shade["surface"]}; color: {shade["muted"]}; border: 0;
      border-bottom: 1px solid {shade["line"]}; padding: 4px 6px; }}
    QTableView {{ gridline-color: {shade["line"]}; border: 0; selection-background-color: {shade["accent"]};
      selection-color: {shade["on_accent"]}; }}
    QLineEdit, QPlainTextEdit {{ border: 1px solid {shade["line"]}; border-radius: 3px;
      padding: 3px 6px; background: {shade["background"]}; }}
    QLineEdit:focus, QPlainTextEdit:focus, QTableView:focus, QListView:focus {{
      border: 1px solid {shade["accent"]}; }}
    QPushButton, QToolButton {{ border: 1px solid {shade["line"]}; border-radius: 3px; padding: 4px 12px;
      background: {shade["surface"]}; }}
    QToolButton {{ padding: 4px 8px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {shade["muted"]}; }}
    QPushButton:focus, QToolButton:focus {{ border: 1px solid {shade["accent"]}; }}
    QPushButton:default {{ background: {shade["accent"]}; color: {shade["on_accent"]};
      border-color: {shade["accent"]}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {shade["muted"]}; background: {shade["background"]};
      border-color: {shade["line"]}; }}
    QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {shade["muted"]}; border-radius: 3px; }}
    QCheckBox::indicator:checked {{ background: {shade["accent"]}; border-color: {shade["accent"]}; }}
    QCheckBox:focus {{ color: {shade["accent"]}; }}
    QToolButton::menu-indicator {{ subcontrol-position: right center; right: 4px; }}
    QToolButton[popupMode="2"] {{ padding-right: 18px; }}
    QTabWidget::pane {{ border: 0; border-top: 1px solid {shade["line"]}; }}
    QTabBar::tab {{ padding: 5px 12px; border: 0; color: {shade["muted"]}; }}
    QTabBar::tab:selected {{ color: {shade["text"]}; border-bottom: 2px solid {shade["accent"]}; }}
    QTabBar::tab:focus {{ color: {shade["accent"]}; }}
    QLabel[tone="muted"] {{ color: {shade["muted"]}; }}
    QLabel[tone="problem"] {{ color: {shade["red"]}; }}
    QLabel[tone="title"] {{ font-weight: 600; }}
    QLabel[tone="notice"] {{ background: {shade["surface"]}; border-left: 3px solid {shade["red"]}; padding: 6px 8px; }}
    QSplitter::handle {{ background: {shade["line"]}; }}
    QSplitter::handle:horizontal {{ width: 1px; }}
    """
