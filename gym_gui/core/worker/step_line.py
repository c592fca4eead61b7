"""The one line that is encoded a million times: an environment step, of the values that steps usually have.

Each encoder here takes the values of a step in the order of :data:`FIELDS` and returns its line, or raises for values
that are out of its ordinary; the caller then takes the slow way, which encodes anything.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from math import isfinite
from typing import Any, Callable

from gym_gui.core.worker.encoding import ENCODER_NAME, encode_text, to_jsonable

FIELDS = ("agent_id", "ep_index", "reward", "terminated", "truncated", "action", "observation")
"""What a step may have besides its ``step_index``, in the order in which it is written."""

StepEncoder = Callable[..., bytes]
"""Called with ``step_index``, the values of :data:`FIELDS` and a dict of whatever else, all by position."""

_RESERVED = frozenset(
    {"event_type", "event", "type", "run_id", "worker_id", "step_index", "dropped", "sampled", *FIELDS}
)
#: Sets of extra names that get a class of their own; a program that makes names up takes the slow way.
_MOST_SHAPES = 64
_NUMBERS = frozenset((int, float))
_WORD = {True: "true", False: "false"}


class Unusual(Exception):  # noqa: N818 - not an error: the slow way is right
    """The step holds something that this encoder leaves to the slow way."""


def step_encoder(head: dict[str, str]) -> StepEncoder:
    """Return the fastest encoder at hand.

    Args:
        head: ``run_id`` and, if known, ``worker_id``: the same on every line.
    """
    return _msgspec_encoder(head) if ENCODER_NAME == "msgspec" else _text_encoder(head)


def _msgspec_encoder(head: dict[str, str]) -> StepEncoder:
    import msgspec

    encode = msgspec.json.Encoder(enc_hook=to_jsonable).encode
    run_id, worker_id = head["run_id"], head.get("worker_id")
    step = _struct(())
    shapes: dict[tuple[str, ...], Any] = {}
    start = len(encode(step("step", run_id, worker_id))) - 1  # where that which changes begins

    def encode_step(
        step_index: Any,
        agent_id: Any,
        ep_index: Any,
        reward: Any,
        terminated: Any,
        truncated: Any,
        action: Any,
        observation: Any,
        extra: dict[str, Any],
    ) -> bytes:
        if extra:
            shape = shapes.get(tuple(extra))
            if shape is None:
                shape = _new_shape(shapes, tuple(extra))
            line: bytes = encode(
                shape(
                    "step",
                    run_id,
                    worker_id,
                    step_index,
                    agent_id,
                    ep_index,
                    reward,
                    terminated,
                    truncated,
                    action,
                    observation,
                    *extra.values(),
                )
            )
            if line.find(b"null", start) >= 0:
                raise Unusual
            return line + b"\n"
        line = encode(
            step(
                "step",
                run_id,
                worker_id,
                step_index,
                agent_id,
                ep_index,
                reward,
                terminated,
                truncated,
                action,
                observation,
            )
        )
        # Numbers that are not finite come out as null. A finite reward and an integer action cannot be one, and looking
        # at the two costs a fifth of searching the line.
        if (
            line.find(b"null", start) >= 0
            if observation is not None or type(action) is not int or reward is None
            else reward - reward != 0
        ):
            raise Unusual
        return line + b"\n"

    return encode_step


def _new_shape(shapes: dict[tuple[str, ...], Any], extra: tuple[str, ...]) -> Any:
    if len(shapes) >= _MOST_SHAPES:
        raise Unusual
    shapes[extra] = _struct(extra)
    return shapes[extra]


def _struct(extra: tuple[str, ...]) -> Any:
    """Return a class for steps with these extras: built and encoded without touching a dict, what is None left out."""
    import msgspec

    if not _RESERVED.isdisjoint(extra):
        raise Unusual
    names = ("event_type", "run_id", "worker_id", "step_index", *FIELDS)
    fields = [(name, Any, None) for name in names] + [(f"extra_{i}", Any, ...) for i in range(len(extra))]
    renamed = {f"extra_{i}": name for i, name in enumerate(extra)}
    return msgspec.defstruct("Step", fields, rename=renamed, omit_defaults=True, gc=False)


def _text_encoder(head: dict[str, str]) -> StepEncoder:
    fixed = "".join(f'"{name}":{encode_basestring(value)},' for name, value in head.items())
    start = f'{{"event_type":"step",{fixed}"step_index":'
    word = _WORD
    templates: dict[tuple[str, ...], str] = {}

    def encode_extra(extra: dict[str, Any]) -> str:
        values = extra.values()
        # Only a number that is not finite makes the sum so (or numbers whose sum is out of range: the long way then).
        if _NUMBERS.issuperset(map(type, values)) and isfinite(sum(values)):
            template = templates.get(tuple(extra)) or _new_template(templates, tuple(extra))
            if template:
                return template % tuple(values)
        if not _RESERVED.isdisjoint(extra):
            raise Unusual
        return f",{encode_text(extra)[1:]}\n"

    def encode_step(
        step_index: Any,
        agent_id: Any,
        ep_index: Any,
        reward: Any,
        terminated: Any,
        truncated: Any,
        action: Any,
        observation: Any,
        extra: dict[str, Any],
    ) -> bytes:
        if (
            type(step_index) is not int
            or type(ep_index) is not int
            or type(reward) is not float
            or reward - reward != 0
            or agent_id is not None
            or type(terminated) is not bool
            or type(truncated) is not bool
        ):
            raise Unusual
        line = (
            f'{start}{step_index},"ep_index":{ep_index},"reward":{reward!r},"terminated":{word[terminated]},'
            f'"truncated":{word[truncated]}'
        )
        if type(action) is int:
            line = f'{line},"action":{action}'
        elif action is not None:
            line = f'{line},"action":{encode_text(action)}'
        if observation is not None:
            line = f'{line},"observation":{encode_text(observation)}'
        # Lone surrogates cannot be encoded; the slow way knows what to do with them.
        return (line + encode_extra(extra)).encode() if extra else (line + "}\n").encode()

    return encode_step


def _new_template(templates: dict[tuple[str, ...], str], extra: tuple[str, ...]) -> str:
    """Return, and keep, what makes the end of a line of the extras' numbers by ``%``; empty if no more are kept."""
    if len(templates) >= _MOST_SHAPES or not _RESERVED.isdisjoint(extra):
        return ""
    names = (encode_basestring(name).replace("%", "%%") for name in extra)
    templates[extra] = "".join(f",{name}:%r" for name in names) + "}\n"
    return templates[extra]
