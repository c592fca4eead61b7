"""TensorBoard files while they are being written."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATTERN = "events.out.tfevents."
#: Longer records than this are a sign that the file is none of TensorBoard's, in bytes.
MAX_RECORD = 1 << 30


class ScalarTail:
    """Reads the scalars that are added to the TensorBoard files below a folder.

    Files that lie there at first are left alone: they are those of another attempt.

    Args:
        folder: The folder; ``wandb`` folders below it, which hold links to the same files, are left out.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[Path, int | None] = dict.fromkeys(self._files())

    def read(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Return what has been added since the last time: (step, name to number) each, in the order of writing."""
        for path in self._files():
            offset = self._offsets.setdefault(path, 0)
            if offset is not None:
                yield from _together(self._scalars(path, offset))

    def _files(self) -> list[Path]:
        found = []
        for folder, folders, names in os.walk(self._folder):
            folders[:] = sorted(name for name in folders if name != "wandb")
            found += [Path(folder, name) for name in sorted(names) if name.startswith(PATTERN)]
        return found

    def _scalars(self, path: Path, offset: int) -> Iterator[tuple[int, str, float]]:
        from google.protobuf.message import DecodeError
        from tensorboard.compat.proto.event_pb2 import Event

        with path.open("rb") as file:
            file.seek(offset)
            while (record := _record(file)) is not None:
                try:
                    event = Event.FromString(record)
                except DecodeError:
                    self._offsets[path] = None  # not one of TensorBoard's
                    return
                self._offsets[path] = file.tell()
                for value in event.summary.value:
                    number = _number(value)
                    if number is not None:
                        yield int(event.step), value.tag, number


def _record(file: Any) -> bytes | None:
    """Return the next record, or ``None`` where it is not whole yet."""
    head = file.read(12)
    if len(head) < 12:
        return None
    (length,) = struct.unpack("<Q", head[:8])
    if length > MAX_RECORD:
        return None
    body: bytes = file.read(length + 4)
    return body[:length] if len(body) == length + 4 else None


def _number(value: Any) -> float | None:
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind == "tensor" and value.metadata.plugin_data.plugin_name == "scalars":
        numbers = [*value.tensor.float_val, *value.tensor.double_val]
        return float(numbers[0]) if numbers else None
    return None


def _together(scalars: Iterator[tuple[int, str, float]]) -> Iterator[tuple[int, dict[str, float]]]:
    """Put neighbours of one step together, as long as no name comes twice."""
    at: int | None = None
    values: dict[str, float] = {}
    for step, name, number in scalars:
        if values and (step != at or name in values):
            yield int(at or 0), values
            values = {}
        at = step
        values[name] = number
    if values:
        yield int(at or 0), values
