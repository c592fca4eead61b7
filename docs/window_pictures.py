"""Takes the pictures of the window that the documentation shows, without a screen; a part of ``make screenshots``.

Usage: ``python docs/window_pictures.py HOME``, with runs of ``cleanrl`` in the home.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parent / "images"


def main(home: Path) -> int:
    """Open the window on a home, write the pictures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["MOSAIC_HOME"] = str(home)
    from PySide6.QtWidgets import QApplication

    from gym_gui.rpc import AsyncTrainerClient
    from gym_gui.ui.link import DaemonLink
    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.theme import apply_theme
    from gym_gui.ui.widgets.worker_form import WorkerForm

    application = QApplication(["mosaic"])

    def until(condition: Callable[[], Any]) -> Any:
        end = time.monotonic() + 60
        while not (found := condition()):
            assert time.monotonic() < end, "a picture is not ready after a minute"
            application.processEvents()
            time.sleep(0.01)
        return found

    def take(widget: Any, name: str) -> None:
        end = time.monotonic() + 0.5
        until(lambda: time.monotonic() > end)
        widget.grab().save(str(IMAGES / f"{name}.png"))
        sys.stdout.write(f"{IMAGES / name}.png\n")

    for theme, suffix in (("light", ""), ("dark", "-dark")):
        apply_theme(application, theme)  # type: ignore[arg-type]
        window = MainWindow(DaemonLink(lambda: AsyncTrainerClient.connect(home)), "this machine", home)
        window.resize(1366, 768)
        window.show()
        window.start()
        until(lambda: window.runs.model.rowCount())  # noqa: B023 - asked at once
        (line,) = [at for at, row in enumerate(window.runs.model.rows()) if row.run.workers[0].algorithm == "ppo"]
        window.runs.table.selectRow(line)
        window.runs.table.activated.emit(window.runs.model.index(line, 0))
        until(lambda: any(row.line for row in window.runs.model.rows()))  # noqa: B023
        take(window, f"window-runs{suffix}")
        for dock in window.views.actions():
            dock.trigger()
            take(window, f"window-{dock.text().lower()}{suffix}")
            dock.trigger()
        policies: Any = window.show_policies()
        until(lambda: policies.rows.rows)  # noqa: B023
        policies.table.selectRow(0)
        take(window, f"window-checkpoints{suffix}")
        (run_id, *_) = window.runs.selected_ids()
        page: Any = window.open_run(run_id)
        until(lambda: page.overview.chart.curves)  # noqa: B023
        take(window, f"window-run{suffix}")
        page.tabs.setCurrentWidget(page.metrics)
        until(lambda: any(chart.curves for chart in page.metrics._charts.values()))  # noqa: B023
        take(window, f"window-metrics{suffix}")
        window.runs.query.setText("worker:cleanrl")
        until(lambda: {row.run.workers[0].worker_type for row in window.runs.model.rows()} == {"cleanrl"})  # noqa: B023
        window.runs.table.selectAll()
        window.compare()
        comparison: Any = window.tabs.currentWidget()
        until(lambda: len(comparison.rows.rows) == len(comparison.run_ids))  # noqa: B023
        comparison.group.setCurrentText("algorithm")
        take(window, f"window-compare{suffix}")
        window.forms.open("cleanrl")
        form = until(lambda: next(iter(window.findChildren(WorkerForm)), None))  # noqa: B023
        until(lambda: "now" in form.forecast.text())  # noqa: B023
        take(form, f"window-form{suffix}")
        form.reject()
        window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
