"""A record of the installed workers, made once."""

from __future__ import annotations

from daemons import worker_records

__all__ = ["worker_records"]
