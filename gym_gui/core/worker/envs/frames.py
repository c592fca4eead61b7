"""Rendered frames as PNG files, without an imaging library."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any


def png_bytes(frame: Any) -> bytes:
    """Return a frame as PNG.

    Args:
        frame: Array of unsigned bytes, shape (height, width, 3) or (height, width, 1) or (height, width).

    Raises:
        ValueError: It has another shape or type.
    """
    shape = tuple(frame.shape)
    channels = 1 if len(shape) == 2 else shape[-1]
    if len(shape) not in (2, 3) or channels not in (1, 3) or str(frame.dtype) != "uint8":
        raise ValueError(f"a frame is uint8 of shape (height, width[, 1 or 3]), not {frame.dtype} of shape {shape}")
    height, width = shape[0], shape[1]
    data = frame.tobytes()
    stride = width * channels
    rows = b"".join(b"\0" + data[row * stride : (row + 1) * stride] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


class FrameWriter:
    """Writes the frames of recorded episodes below a folder: ``ep000042/000017.png``.

    Args:
        folder: Where to; created when the first frame is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, ep_index: int, number: int, frame: Any) -> str:
        """Write one frame.

        Returns:
            Its path relative to the folder.

        Raises:
            OSError: The disk refused.
            ValueError: It is no picture.
        """
        name = f"ep{ep_index:06d}/{number:06d}.png"
        path = self._folder / name
        if number == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_bytes(frame))
        return name


__all__ = ["FrameWriter", "png_bytes"]
