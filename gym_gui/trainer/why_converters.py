"""Explanations as protobuf messages and back."""

from __future__ import annotations

from gym_gui.trainer.converters import state_from_pb, state_to_pb
from gym_gui.trainer.proto import mosaic_pb2 as pb
from gym_gui.trainer.why import Explanation, Shortage


def explanation_to_pb(told: Explanation) -> pb.WhyRunResponse:
    """Return an explanation as its message."""
    message = pb.WhyRunResponse(
        run_id=told.run_id,
        state=state_to_pb(told.state),
        cause=told.cause,
        meaning=told.meaning,
        next_step=told.next_step,
        before=told.before,
    )
    for item in told.waits_for:
        message.waits_for.add(
            resource=item.resource,
            needed=item.needed,
            free=item.free,
            total=item.total,
            holders=item.holders,
            aside_for=item.aside_for,
            sentence=item.sentence,
        )
    return message


def explanation_from_pb(message: pb.WhyRunResponse) -> Explanation:
    """Return a message's explanation."""
    return Explanation(
        run_id=message.run_id,
        state=state_from_pb(message.state),
        cause=message.cause,
        meaning=message.meaning,
        next_step=message.next_step,
        before=message.before if message.HasField("before") else None,
        waits_for=[
            Shortage(
                resource=item.resource,
                needed=item.needed,
                free=item.free,
                total=item.total,
                holders=dict(item.holders),
                aside_for=list(item.aside_for),
                sentence=item.sentence,
            )
            for item in message.waits_for
        ],
    )
