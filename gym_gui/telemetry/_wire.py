"""Types of the lines that the SDK prints, for fast decoding.

The types accept nothing that `fields.py` would read differently: a line with a key without a column, another run's or
worker's id, an invalid number, NaN or an infinity fails here and is parsed there instead.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union, cast

import msgspec

from gym_gui.telemetry.limits import END_OF_TIME, MAX_INDEX, MAX_METRIC_VALUES, MAX_NAME_CHARACTERS

_Index = Annotated[int, msgspec.Meta(ge=0, le=MAX_INDEX)]
_Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARACTERS)]
_Time = Annotated[float, msgspec.Meta(ge=0, lt=END_OF_TIME)]
_Values = Annotated[dict[_Name, "float | None"], msgspec.Meta(max_length=MAX_METRIC_VALUES)]
ABSENT = msgspec.Raw(b"")


class Step(msgspec.Struct, gc=False):
    """One environment step of one agent, fields in the SDK's order."""

    step_index: _Index
    run_id: Any = None
    worker_id: Any = None
    ep_index: _Index | None = None
    reward: float | None = None
    terminated: bool | None = None
    truncated: bool | None = None
    action: msgspec.Raw = ABSENT
    observation: msgspec.Raw = ABSENT
    agent_id: _Name | None = None
    timestamp: _Time | str | None = None


class Episode(msgspec.Struct, gc=False):
    """One ended episode."""

    ep_index: _Index
    run_id: Any = None
    worker_id: Any = None
    phase: Literal["train", "eval"] | None = None
    total_reward: float | None = None
    steps: _Index | None = None
    terminated: bool | None = None
    truncated: bool | None = None
    success: bool | None = None
    agent_id: _Name | None = None
    agent_rewards: msgspec.Raw = ABSENT
    timestamp: _Time | str | None = None
    sampled: _Index = 0
    dropped: _Index = 0


class Metric(msgspec.Struct, gc=False):
    """Named numbers at one step."""

    values: _Values
    run_id: Any = None
    worker_id: Any = None
    step: _Index | None = None
    timestamp: _Time | str | None = None


def typed_decoder(run_id: str, worker_id: str) -> tuple[msgspec.json.Decoder[Any], type[Step]]:
    """Return a decoder of one worker's lines, and its type of steps.

    Args:
        run_id: The only run id that it accepts.
        worker_id: The only worker id that it accepts.
    """
    own: dict[str, Any] = {
        "run_id": Literal[run_id] | None,
        "worker_id": Literal[worker_id] | None,
    }
    kinds = {
        base: msgspec.defstruct(
            base.__name__,
            [(name, kind, None) for name, kind in own.items()],
            bases=(base,),
            tag=base.__name__.lower(),
            tag_field="event_type",
            forbid_unknown_fields=True,
            gc=False,
        )
        for base in (Step, Episode, Metric)
    }
    decoder = msgspec.json.Decoder(Union[tuple(kinds.values())])  # noqa: UP007 - of a computed tuple
    return decoder, cast("type[Step]", kinds[Step])
