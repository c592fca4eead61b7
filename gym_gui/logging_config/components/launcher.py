"""Log constants of the launcher (LOG1201-1250)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_launcher = Family("Telemetry", "Launcher", "launcher")

LOG_LAUNCHER_STARTED = _launcher(1201, "INFO", "Launcher started its worker", "lifecycle")
LOG_LAUNCHER_EXIT_RECORDED = _launcher(1202, "INFO", "Launcher recorded its worker's exit", "exit")
LOG_LAUNCHER_WALL_TIME_EXCEEDED = _launcher(1203, "WARNING", "Worker exceeded its wall time", "limit")
LOG_LAUNCHER_STRAY_KILLED = _launcher(1204, "WARNING", "A remaining process of the worker was killed", "exit")
LOG_LAUNCHER_FAILED = _launcher(1205, "ERROR", "Worker cannot be started", "error")
