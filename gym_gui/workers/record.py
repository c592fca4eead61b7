"""What MOSAIC knows of a worker without importing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

RECORD_SCHEMA = 2

#: Fields that are of use on this machine alone.
LOCAL_FIELDS = frozenset({"location", "project"})


class WorkerRecord(msgspec.Struct, kw_only=True):
    """One installed worker: its entry point, and what a probe in its own interpreter found.

    A scan of package metadata fills the fields up to ``project``; the others are filled by a probe, or by what keeps
    the worker from being probed.
    """

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
    location: str = ""
    """Folder of the package's metadata."""
    project: str = ""
    """Folder of the sources of an editable install."""
    module: str = ""
    """What ``python -m`` starts; empty if the package has none."""
    broken: str | None = None
    """Why the worker cannot be used, one sentence."""
    mend: str | None = None
    """The command that fixes a broken worker."""
    metadata: dict[str, Any] = {}
    capabilities: dict[str, Any] = {}
    schema: dict[str, Any] | None = None
    """JSON Schema of the config class; ``None`` if it cannot be read."""
    flags: list[str] = []
    """Options that the worker's ``--help`` names, e.g. ``--worker-id``."""
    package_hash: str = ""
    probed_at: float | None = None
    """Unix time, seconds."""
    record_schema: int = RECORD_SCHEMA

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.metadata.get("name") or self.name)

    @property
    def about(self) -> str:
        """What it is, in a sentence; empty: unknown."""
        return str(self.metadata.get("description") or "")

    @property
    def package(self) -> str:
        """The importable package that the entry point names."""
        return self.entry_point.partition(":")[0].strip()

    @property
    def properties(self) -> dict[str, Any]:
        """The fields of the worker's config, by name; empty if the schema is unknown."""
        fields: dict[str, Any] = (self.schema or {}).get("properties", {})
        return fields

    def has_field(self, name: str) -> bool:
        """Return whether the config class has a field."""
        return name in self.properties

    @property
    def secret_fields(self) -> list[str]:
        """The names of the config's fields, at any depth, that the worker declares secret (``x-secret``)."""
        return sorted(set(_secret_fields(self.schema)))

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON documents have it."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if name not in LOCAL_FIELDS}


def _secret_fields(schema: Any) -> Iterator[str]:
    """Yield the names of members with ``x-secret`` in a JSON Schema and in the schemas in it."""
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        yield from _secret_fields(part)
    members = schema.get("properties") if isinstance(schema, dict) else None
    for name, part in members.items() if isinstance(members, dict) else ():
        if isinstance(part, dict) and part.get("x-secret") is True:
            yield name
