"""Build hook: MOSAIC's wheel carries the worker SDK's wheel and the workers, for `mosaic workers install`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

_NO_SOURCES = ("__pycache__", "build", "dist", "tests")


class SdkWheelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Includes the wheel built of ``sdk/`` as ``gym_gui/_wheels``, and ``3rd_party`` without tests as ``_workers``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the SDK wheel, unless this is an editable install (there the sources are at hand)."""
        if version == "editable":
            return
        # Removed when the process that builds ends: the wheel is read only after this returns.
        self._folder = tempfile.TemporaryDirectory()
        for wheel in WheelBuilder(str(Path(self.root) / "sdk")).build(directory=self._folder.name):
            build_data["force_include"][wheel] = f"gym_gui/_wheels/{Path(wheel).name}"
        workers = Path(self.root) / "3rd_party"
        for project in sorted(workers.glob("*_worker/pyproject.toml")):
            for path in _sources(project.parent):
                build_data["force_include"][str(path)] = f"gym_gui/_workers/{path.relative_to(workers).as_posix()}"


def _sources(folder: Path) -> list[Path]:
    """Return the files of a worker's project that its installation takes."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(_is_left_out(part) for part in path.relative_to(folder).parts)
    ]


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _NO_SOURCES or name.endswith((".egg-info", ".pyc"))
