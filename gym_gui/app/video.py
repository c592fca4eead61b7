"""Writes the pictures of an episode as a video (extra ``video``), or as a folder of pictures."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gym_gui.core.worker.errors import MosaicError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

_NEEDS = {".gif": {"PIL": "Pillow"}, ".mp4": {"PIL": "Pillow", "imageio_ffmpeg": "imageio-ffmpeg"}}
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png"}


class Sink(Protocol):
    """Takes pictures one after the other."""

    def add(self, number: int, media_type: str, data: bytes) -> None:
        """Take one: a PNG or a JPEG."""

    def restart(self) -> None:
        """Forget all that it has taken."""


def check_output(path: Path) -> None:
    """Make sure that a video, or a folder of pictures, can be written.

    Raises:
        UsageError: It is no kind of video, a library is missing (with the command that installs it), or the place is
            taken.
    """
    ending = path.suffix.lower()
    if ending not in ("", *_NEEDS):
        raise UsageError(
            f"no video of the kind {ending!r} can be written",
            where=str(path),
            next_step="name a .mp4 or .gif file, or a folder (for a PNG file per picture)",
        )
    missing = [package for module, package in _NEEDS.get(ending, {}).items() if find_spec(module) is None]
    if missing:
        raise UsageError(
            f"{ending[1:].upper()} videos need {' and '.join(missing)}",
            where="this Python environment",
            why="MOSAIC was installed without its extra 'video'",
            next_step=f"{shlex.quote(sys.executable)} -m pip install 'mosaic-rl[video]'; or name a folder",
        )
    if path.is_dir() and (ending or any(path.iterdir())):
        why = "it is a folder" if ending else "the folder is not empty"
        raise UsageError(f"{path} cannot be written", where=str(path), why=why, next_step="name another place: -o PATH")


@contextlib.contextmanager
def open_sink(path: Path, *, fps: float) -> Iterator[Sink]:
    """Open a video or a folder of pictures; a video appears whole, or not at all.

    Args:
        path: ``.mp4``, ``.gif``, or a folder.
        fps: Pictures per second.

    Raises:
        UsageError: It cannot be written.
        MosaicError: The pictures cannot be encoded.
    """
    ending = path.suffix.lower()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not ending:
            path.mkdir(exist_ok=True)
            try:
                yield _Folder(path)
            finally:
                with contextlib.suppress(OSError):
                    path.rmdir()  # if it is empty
            return
        part = path.with_name(f".{path.stem}.{os.getpid()}.part{ending}")
        sink: Any = _Gif(part, fps) if ending == ".gif" else _Mp4(part, fps)
        try:
            yield sink
            sink.finish()
            if part.exists():
                part.replace(path)
        finally:
            sink.close()
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written",
            where=str(path),
            why=error.strerror or str(error),
            next_step="name another place: -o PATH",
        ) from error


class _Folder:
    """A file per picture, named by the number of its step."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: list[Path] = []

    def add(self, number: int, media_type: str, data: bytes) -> None:
        file = self._path / f"{number:06d}{_ENDINGS.get(media_type, '.png')}"
        self._written.append(file)
        file.write_bytes(data)

    def restart(self) -> None:
        while self._written:
            self._written.pop().unlink(missing_ok=True)


class _Gif:
    """An animated GIF, encoded when all pictures are there: a palette of its own for each."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._duration_ms = max(20, round(1000 / fps))  # browsers show anything faster at 10 per second
        self._pictures: list[Image] = []

    def add(self, number: int, media_type: str, data: bytes) -> None:  # noqa: ARG002 - as of Sink
        picture = _decode(data)
        if self._pictures and picture.size != self._pictures[0].size:
            picture = picture.resize(self._pictures[0].size)
        self._pictures.append(picture.quantize(256))

    def finish(self) -> None:
        if self._pictures:
            first, *others = self._pictures
            first.save(self._path, save_all=True, append_images=others, duration=self._duration_ms, loop=0)

    def restart(self) -> None:
        self._pictures = []

    close = restart


class _Mp4:
    """H.264 in MP4, encoded by ffmpeg as the pictures come."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._fps = fps
        self._size = (0, 0)
        self._encoder: Any = None

    def add(self, number: int, media_type: str, data: bytes) -> None:  # noqa: ARG002 - as of Sink
        picture = _decode(data)
        if self._encoder is None:
            import imageio_ffmpeg

            self._size = (
                picture.width + picture.width % 2,
                picture.height + picture.height % 2,
            )  # H.264 takes no odd ones
            self._encoder = imageio_ffmpeg.write_frames(
                str(self._path), self._size, fps=self._fps, codec="libx264", macro_block_size=2, quality=7,
                ffmpeg_log_level="error",
            )  # fmt: skip
            self._encoder.send(None)
        if picture.size != self._size:
            picture = picture.resize(self._size)
        self._encoder.send(picture.tobytes())

    def restart(self) -> None:
        self.close()
        self._path.unlink(missing_ok=True)

    def finish(self) -> None:
        self.close()

    def close(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()


def _decode(data: bytes) -> Image:
    """Return a picture as RGB.

    Raises:
        MosaicError: It is none.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(data)).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise MosaicError("a picture of the episode cannot be read", why=str(error)) from None
