"""Log constants of the forms (LOG701-750)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_form = Family("UI", "TrainForm", "ui", "form")

LOG_UI_TRAIN_FORM_INFO = _form(701, "INFO", "Training form", "info")
LOG_UI_TRAIN_FORM_TELEMETRY_PATH = _form(702, "INFO", "Training form chose the telemetry path", "path", "telemetry")
LOG_UI_TRAIN_FORM_UI_PATH = _form(703, "INFO", "Training form chose the user interface path", "path")
