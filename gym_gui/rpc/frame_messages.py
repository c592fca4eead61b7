"""Live frames as messages, and back."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import msgspec

from gym_gui.reading import FrameSource, Picture, PictureRequest
from gym_gui.rpc.converter import Converter, text
from gym_gui.rpc.proto import reading_pb2 as reading

_DEFAULT = PictureRequest()


@functools.cache
def _sources() -> Converter[FrameSource, reading.FrameSource]:
    return Converter(FrameSource, reading.FrameSource)


def sources_to_pb(sources: Sequence[FrameSource]) -> reading.ListFramesResponse:
    """Return what workers show as a message."""
    return reading.ListFramesResponse(sources=map(_sources().encode, sources))


def sources_from_pb(message: reading.ListFramesResponse) -> list[FrameSource]:
    """Return what a message says that workers show."""
    return [_sources().decode(each) for each in message.sources]


def picture_to_pb(picture: Picture) -> reading.Picture:
    """Return a picture as its message."""
    return reading.Picture(**msgspec.structs.asdict(picture))


def picture_from_pb(message: reading.Picture) -> Picture:
    """Return a message's picture."""
    return Picture(**{name: getattr(message, name) for name in Picture.__struct_fields__})


def watch_to_pb(run_id: str, request: PictureRequest) -> reading.WatchFramesRequest:
    """Return a request for pictures as its message."""
    return reading.WatchFramesRequest(
        run_id=run_id,
        worker_id=text(request.worker_id),
        fps=request.fps,
        width=request.width,
        quality=request.quality,
    )


def watch_from_pb(message: reading.WatchFramesRequest) -> PictureRequest:
    """Return a message's request for pictures."""
    return PictureRequest(
        worker_id=message.worker_id,
        fps=message.fps or _DEFAULT.fps,
        width=message.width,
        quality=message.quality or _DEFAULT.quality,
    )
