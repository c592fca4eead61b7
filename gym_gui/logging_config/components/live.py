"""Log constants of the live views (LOG601-650)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_live = Family("Controller", "LiveTelemetry", "live", "buffer")

LOG_LIVE_CONTROLLER_BUFFER_STEPS_FLUSHED = _live(601, "DEBUG", "Buffered steps passed to the live view", "steps")
LOG_LIVE_CONTROLLER_BUFFER_EPISODES_FLUSHED = _live(
    602, "DEBUG", "Buffered episodes passed to the live view", "episodes"
)

_session = Family("Controller", "Session", "live", "session")

LOG_LIVE_SESSION_RUN_CONTEXT = _session(603, "INFO", "Session counts its episodes for a run", "run")
