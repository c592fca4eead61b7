"""Log constants of the command line (LOG1251-1300)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_cli = Family("Cli", "Mosaic", "cli")

LOG_CLI_COMMAND_STARTED = _cli(1251, "DEBUG", "Command started", "lifecycle")
LOG_CLI_COMMAND_FAILED = _cli(1252, "ERROR", "Command failed", "error")
LOG_CLI_DAEMON_STARTED = _cli(1253, "INFO", "Trainer daemon started on demand", "daemon")
