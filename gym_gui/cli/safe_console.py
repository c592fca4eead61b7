"""A rich console on which no text acts: what is not drawn is escaped, and markup is not read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from gym_gui.core.terminal_text import escape, escape_lines


class SafeConsole(Console):
    """Prints strings and renderables; colours and movements of the cursor come from renderables alone.

    Args:
        stream: Where to.
        width: Columns; ``None``: those of the terminal.
    """

    def __init__(self, stream: IO[str], width: int | None = None) -> None:
        super().__init__(file=stream, width=width, highlight=False, emoji=False, markup=False)

    def render_str(self, text: str, **more: Any) -> Text:
        """Return a string as text of one line, before its width is measured."""
        return super().render_str(escape(text), **more)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable; also what came past :meth:`render_str` is escaped."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=escape_lines(segment.text))
