"""A picture that fills its place, or the reason why there is none."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.ui.theme import colour


class PictureView(QWidget):
    """Shows one picture as large as its place allows.

    Args:
        name: What it shows, for screen readers.
        parent: As of any widget.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.text = ""
        self.pixmap = QPixmap()

    def sizeHint(self) -> QSize:  # noqa: N802 - as Qt names it
        """Return a size at which a picture can be recognized."""
        return QSize(360, 240)

    def show_picture(self, data: bytes) -> bool:
        """Show a picture; return whether it could be read.

        Args:
            data: JPEG or PNG.
        """
        pixmap = QPixmap()
        if not pixmap.loadFromData(data):
            self.show_text("the picture cannot be read")
            return False
        self.pixmap, self.text = pixmap, ""
        self.update()
        return True

    def show_text(self, text: str) -> None:
        """Show a text in place of a picture."""
        self.pixmap, self.text = QPixmap(), text
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - as Qt names it
        """Draw it."""
        painter = QPainter(self)
        if self.pixmap.isNull():
            painter.setPen(colour("muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), flags, self.text)
        else:
            size = self.pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = self.rect()
            place.setSize(size)
            place.moveCenter(self.rect().center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(place, self.pixmap)
        painter.end()
