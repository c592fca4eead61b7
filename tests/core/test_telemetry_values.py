"""Every value comes back as it was, or as the nearest that JSON can hold."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.secret_detection import is_secret_name


def emitted(action: Callable[[TelemetryEmitter], Any]) -> dict[str, Any]:
    sink = io.StringIO()
    action(TelemetryEmitter("run-1", worker_id="w1", sink=sink))
    line, rest = sink.getvalue().split("\n")
    assert rest == ""
    event: dict[str, Any] = json.loads(line)
    return event


_scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text()
_names = st.text().filter(lambda name: not is_secret_name(name))  # the values of secrets are hidden
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4), max_leaves=12
)


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON goes: NaN equals NaN, lists equal tuples, 1 and 1.0 and True are told apart."""
    return repr(left) == repr(right)


@given(
    step_index=st.integers(0, 2**62),
    known=st.fixed_dictionaries(
        {},
        optional={
            "reward": st.floats() | st.integers() | st.none(),
            "ep_index": st.integers(0, 2**40),
            "agent_id": st.text(),
            "terminated": st.booleans(),
            "truncated": st.booleans(),
            "action": _values,
            "observation": _values,
        },
    ),
    extra=st.dictionaries(st.sampled_from(["info", "epsilon", "a b", "ключ", "timestamp"]), _values, max_size=3),
)
def test_any_step_comes_back(step_index: int, known: dict[str, Any], extra: dict[str, Any]) -> None:
    event = emitted(lambda emitter: emitter.step(step_index, **known, **extra))
    expected = {"event_type": "step", "run_id": "run-1", "worker_id": "w1", "step_index": step_index}
    expected.update({name: value for name, value in known.items() if value is not None}, **extra)
    assert set(event) == set(expected)
    assert all(_same(event[name], expected[name]) for name in expected)


@given(payload=st.dictionaries(_names, _values, max_size=5))
def test_any_payload_comes_back(payload: dict[str, Any]) -> None:
    event = emitted(lambda emitter: emitter.run_completed(payload))
    assert {key: repr(value) for key, value in event["payload"].items()} == {
        key: repr(json.loads(json.dumps(value, sort_keys=True))) for key, value in payload.items()
    }


@given(text=st.text(alphabet=st.characters(), max_size=20))
def test_text_that_cannot_be_utf8_does_not_raise(text: str) -> None:
    assert emitted(lambda emitter: emitter.step(1, note=text))["note"] == text.encode("utf-8", "replace").decode()
