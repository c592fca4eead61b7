"""Records of workers to messages and back."""

from __future__ import annotations

import json

from gym_gui.trainer.converters import json_bytes, text
from gym_gui.trainer.proto import mosaic_pb2 as pb
from gym_gui.workers.record import WorkerRecord


def record_to_pb(record: WorkerRecord, *, schema: bool = True) -> pb.WorkerRecord:
    """Return a worker's record as a message.

    Args:
        record: The record.
        schema: Whether the schema of its config goes with it.
    """
    return pb.WorkerRecord(
        name=record.name,
        entry_point=record.entry_point,
        distribution=record.distribution,
        version=record.version,
        python=record.python,
        module=record.module,
        broken=None if record.broken is None else text(record.broken),
        mend=None if record.mend is None else text(record.mend),
        metadata_json=json_bytes(record.metadata),
        capabilities_json=json_bytes(record.capabilities),
        schema_json=json_bytes(record.schema) if schema and record.schema is not None else b"",
        flags=record.flags,
    )


def record_from_pb(message: pb.WorkerRecord) -> WorkerRecord:
    """Return the record that a message carries."""
    return WorkerRecord(
        name=message.name,
        entry_point=message.entry_point,
        distribution=message.distribution,
        version=message.version,
        python=message.python,
        module=message.module,
        broken=message.broken if message.HasField("broken") else None,
        mend=message.mend if message.HasField("mend") else None,
        metadata=json.loads(message.metadata_json or b"{}"),
        capabilities=json.loads(message.capabilities_json or b"{}"),
        schema=json.loads(message.schema_json) if message.schema_json else None,
        flags=list(message.flags),
    )
