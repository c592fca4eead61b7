"""Build hook: carries the worker SDK's wheel inside MOSAIC's own, for environments that workers live in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder


class SdkWheelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds ``sdk/`` and includes the wheel as ``gym_gui/_wheels/*.whl``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the SDK wheel, unless this is an editable install (there the sources are at hand)."""
        if version == "editable":
            return
        # Removed when the process that builds ends: the wheel is read only after this returns.
        self._folder = tempfile.TemporaryDirectory()
        for wheel in WheelBuilder(str(Path(self.root) / "sdk")).build(directory=self._folder.name):
            build_data["force_include"][wheel] = f"gym_gui/_wheels/{Path(wheel).name}"
