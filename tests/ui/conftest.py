"""The window over a real daemon."""

from __future__ import annotations

from daemons import client, daemon_home, endless, random_config, worker_records
from qt_windows import application, factory, link, open_form, until, window
from worker_projects import new_worker
