"""A lifecycle that emits into memory."""

from __future__ import annotations

import io
from typing import Any

import pytest
from lifecycles import Config, Make

from gym_gui.core.worker import RunLifecycle, TelemetryEmitter


@pytest.fixture
def sink() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def make(sink: io.StringIO) -> Make:
    """Make a lifecycle that emits into memory."""

    def lifecycle(config: Config | None = None, **options: Any) -> RunLifecycle:
        options.setdefault("emitter", TelemetryEmitter("r", sink=sink, logger=options.get("logger")))
        return RunLifecycle(config or Config(), "probe", **options)

    return lifecycle
