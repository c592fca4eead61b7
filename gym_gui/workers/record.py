"""What is known of one worker without importing it."""

from __future__ import annotations

from typing import Any

import msgspec

RECORD_SCHEMA = 1


class WorkerRecord(msgspec.Struct, kw_only=True):
    """One entry point of the group ``mosaic.workers``, as a probe in the worker's own interpreter found it."""

    name: str
    """The entry point's name: the worker's kind."""
    entry_point: str
    """``package:function`` as the package registers it."""
    distribution: str
    version: str
    python: str
    """The interpreter that runs this worker."""
    environment: str = ""
    """Name of the environment of its own in the home; empty if it is installed elsewhere."""
    module: str = ""
    """What ``python -m`` starts; empty if the package has none."""
    broken: str | None = None
    """Why the worker cannot be used, one sentence."""
    mend: str | None = None
    """The command that mends a broken worker."""
    metadata: dict[str, Any] = {}
    capabilities: dict[str, Any] = {}
    schema: dict[str, Any] | None = None
    """JSON Schema of the config class; ``None`` if it cannot be told."""
    flags: list[str] = []
    """Options that the worker's ``--help`` names, e.g. ``--worker-id``."""
    package_hash: str = ""
    probed_at: float | None = None
    """Unix time, seconds."""
    record_schema: int = RECORD_SCHEMA

    @property
    def properties(self) -> dict[str, Any]:
        """The fields of the worker's config, by name; empty if the schema is not known."""
        fields: dict[str, Any] = (self.schema or {}).get("properties", {})
        return fields

    def has_field(self, name: str) -> bool:
        """Return whether the config class has a field."""
        return name in self.properties
