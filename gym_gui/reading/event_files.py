"""Scalars of TensorBoard's event files, read without TensorBoard.

An event file is a sequence of framed records (length, checksum of the length, data, checksum of the data), each a
protocol buffer of which few fields are wanted. A file may still be written: a record without its end is read later.
"""

from __future__ import annotations

import math
import os
import struct
from array import array
from collections.abc import Iterator
from typing import Any, BinaryIO

#: Bytes read at once, bytes of a record that is looked into (larger ones hold pictures and the like, and are skipped),
#: scalars of one file.
_BLOCK, _LARGEST, MAX_VALUES = 2 << 20, 1 << 18, 1_000_000
_HEADER = struct.Struct("<QI")
_FOOTER_BYTES = 4
_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")
#: Wire types of protocol buffers.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
#: Types of tensors, and for each the field with its values and their layout.
_TENSORS = {1: (5, _FLOAT), 2: (6, _DOUBLE)}
_TENSOR_CONTENT = 4


class Scalars:
    """Values of one tag, in the order in which they were written: columns of equal length."""

    __slots__ = ("steps", "times", "values")

    def __init__(self) -> None:
        self.steps = array("d")
        self.times = array("d")
        """Unix time, seconds."""
        self.values = array("d")


class EventFile:
    """What was read of one event file; each read goes on where the last one ended."""

    def __init__(self) -> None:
        self.scalars: dict[str, Scalars] = {}
        """By tag."""
        self.count = 0
        """Number of values, over all tags: at most `MAX_VALUES`."""
        self._offset = 0

    def read(self, stream: BinaryIO) -> None:
        """Take the complete records that are new; what follows a damaged length cannot be told from noise.

        Args:
            stream: The file.

        Raises:
            OSError: It cannot be read.
        """
        size = stream.seek(0, os.SEEK_END)
        if size < self._offset:  # another file has its name
            self.__init__()  # type: ignore[misc]
        used = -1
        while used and self.count < MAX_VALUES:
            stream.seek(self._offset)
            used = self._take(stream.read(_BLOCK), size - self._offset)
            self._offset += used

    def _take(self, block: bytes, left: int) -> int:
        """Take the records of a block; return how many bytes they and what is to be skipped have."""
        at = 0
        while at + _HEADER.size <= len(block):
            length, checksum = _HEADER.unpack_from(block, at)
            begin = at + _HEADER.size
            end = begin + length + _FOOTER_BYTES
            if end > left or _masked_crc(block[at : at + 8]) != checksum:
                return at
            if length <= _LARGEST:
                if end > len(block):
                    return at
                self._add(block[begin : begin + length])
            at = end
        return at

    def _add(self, event: bytes) -> None:
        """Add the scalars of one record."""
        time, step = 0.0, 0
        values: list[bytes] = []
        try:
            for field, wire, value in _fields(event):
                if field == 1 and wire == _FIXED64:
                    (time,) = _DOUBLE.unpack(value)
                elif field == 2 and wire == _VARINT:
                    step = _signed(value)
                elif field == 5 and wire == _BYTES:
                    values += [each for number, kind, each in _fields(value) if (number, kind) == (1, _BYTES)]
            found = [_scalar(value) for value in values]
        except (ValueError, struct.error):
            return
        if not math.isfinite(time):
            return
        for tag, scalar in found:
            if scalar is not None:
                column = self.scalars.setdefault(tag, Scalars())
                column.steps.append(step)
                column.times.append(time)
                column.values.append(scalar)
                self.count += 1


def _scalar(data: bytes) -> tuple[str, float | None]:
    """Return the tag of a summary's value, and its number if it is one."""
    tag, number = "", None
    for field, wire, value in _fields(data):
        if field == 1 and wire == _BYTES:
            tag = value.decode("utf-8", "replace")
        elif field == 2 and wire == _FIXED32:
            (number,) = _FLOAT.unpack(value)
        elif field == 8 and wire == _BYTES:
            number = _of_tensor(value)
    return tag, number


def _of_tensor(data: bytes) -> float | None:
    """Return the number of a tensor of one floating-point number."""
    fields = [(field, value) for field, _, value in _fields(data)]
    field, layout = _TENSORS.get(next((value for number, value in fields if number == 1), 0), (0, _FLOAT))
    wanted = [value for number, value in fields if field and number in (field, _TENSOR_CONTENT) and value]
    if len(wanted) != 1 or not isinstance(wanted[0], bytes) or len(wanted[0]) != layout.size:
        return None
    return float(layout.unpack(wanted[0])[0])


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type and value of each field of a message.

    Raises:
        ValueError: It is not a message.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, wire, value
            continue
        if wire == _BYTES:
            length, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if key < 8 or at + length > end:
            raise ValueError("it is cut off")
        yield key >> 3, wire, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("it is cut off")


def _signed(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _crc_table() -> tuple[int, ...]:
    """Return the table of the Castagnoli polynomial."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_CRC = _crc_table()


def _masked_crc(data: bytes) -> int:
    """Return the checksum of a record's length."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
