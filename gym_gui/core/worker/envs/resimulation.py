"""Plays a recorded episode again from its seed and its actions, compares all that comes of it, and draws it.

Runs in the worker's interpreter. What is compared is what the wrappers of :mod:`gym_gui.core.worker.envs` emit, so that
rewards mean the same as in the recording, whatever kind of environment it is.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import time
from typing import Any, Dict, Iterator, Tuple

from gym_gui.core.worker.encoding import encode_text
from gym_gui.core.worker.envs.frames import png_bytes
from gym_gui.core.worker.envs.remaking import AEC, PARALLEL, Remade, as_action
from gym_gui.core.worker.envs.wrapping import wrap
from gym_gui.core.worker.telemetry import TelemetryEmitter

Message = Tuple[Dict[str, Any], bytes]  # annotations at run time need them on 3.8
_PROGRESS_S = 0.25
_RELATIVE, _ABSOLUTE = 1e-6, 1e-9


class Differs(Exception):  # noqa: N818 - an answer, not an error
    """The environment did something else than what was recorded.

    Args:
        step: Which step of the episode, from 1; 0: the reset.
        what: What differs, such as ``reward``.
        expected: What was recorded.
        got: What came now.
        agent: Whose, where there are several.
    """

    def __init__(self, step: int, what: str, expected: Any, got: Any, agent: str = "") -> None:
        super().__init__(what)
        self.step = step
        self.values = {
            "step": step, "what": what, "expected": _short(expected), "got": _short(got), "agent": agent,
        }  # fmt: skip


class _Capture(TelemetryEmitter):
    """Keeps the steps that a wrapper emits in place of printing them."""

    def __init__(self) -> None:
        super().__init__("replay", worker_id="replay", sink=io.StringIO())
        self.steps: list[dict[str, Any]] = []

    def step(self, step_index: int, **values: Any) -> None:
        self.steps.append({"number": step_index, **values})

    def episode(self, ep_index: int, **values: Any) -> None:
        """Ignore the end of an episode: its steps say as much."""

    def count_sampled(self, steps: int) -> None:
        """Ignore what is left out."""

    def allows_steps(self) -> bool:
        return True


class Resimulation:
    """Plays episodes of one environment, one after the other.

    Args:
        remade: The environment.
        request: ``episodes`` (each a ``seed``, or ``None`` where the environment was not reseeded; its ``steps``: a
            list of the rows of each, and ``reset``: what was observed first), ``first`` and ``count`` (which pictures
            of the last episode; picture 0 is that of the reset), ``max_side`` (pixels; 0: as large as they are).
    """

    def __init__(self, remade: Remade, request: dict[str, Any]) -> None:
        self.compared = 0
        self.observations = 0
        self.leading = True
        """Whether an episode before the one that is drawn is played."""
        self.no_pictures = remade.no_pictures
        self._api = remade.api
        self._inner = remade.env
        self._episodes = request["episodes"]
        rows = [row for episode in self._episodes for step in episode["steps"] for row in step]
        self._observing = any("observation" in row or "reset_observation" in row for row in rows)
        self._capture = _Capture()
        self._env = wrap(remade.env, self._capture, steps="all", observations=self._observing)
        self._first, self._last = request["first"], request["first"] + (request["count"] or 1 << 60)
        self._max_side = request["max_side"]
        self._base = 0

    def play(self) -> Iterator[Message]:
        """Yield messages: ``progress`` (``done`` of ``total`` steps), and each ``frame`` with its PNG.

        Raises:
            Differs: It does something else than what was recorded.
            Exception: Whatever the environment raises.
        """
        total, done, said = sum(len(episode["steps"]) for episode in self._episodes), 0, time.monotonic()
        for episode in self._episodes:
            shown = episode is self._episodes[-1]
            self.leading = not shown
            self._capture.steps.clear()
            self._env.reset(seed=episode["seed"])
            if shown:
                yield from self._picture(0)
            for number, rows in enumerate(episode["steps"], 1):
                self._advance(number, rows)
                self._compare(episode["steps"])
                done += 1
                if shown:
                    yield from self._picture(number)
                if time.monotonic() - said >= _PROGRESS_S:
                    said = time.monotonic()
                    yield {"kind": "progress", "done": done, "total": total}, b""
            self._base += len(episode["steps"])

    def _advance(self, number: int, rows: list[dict[str, Any]]) -> None:
        env = self._env
        if self._api == AEC:
            self._take_turn(number, rows[0])
        elif self._api == PARALLEL:
            agents = {str(agent): agent for agent in env.possible_agents}
            env.step({
                agents[row["agent"]]: as_action(row["action"], env.action_space(agents[row["agent"]])) for row in rows
            })  # fmt: skip
        else:
            env.step(as_action(rows[0]["action"], env.action_space))

    def _take_turn(self, number: int, row: dict[str, Any]) -> None:
        env = self._env
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            env.step(None)
        if not env.agents:
            raise Differs(number, "end", "an episode that goes on", "all agents are out", row["agent"])
        agent = env.agent_selection
        if str(agent) != row["agent"]:
            raise Differs(number, "agent", row["agent"], str(agent), row["agent"])
        env.step(as_action(row["action"], env.action_space(agent)))

    def _compare(self, steps: list[list[dict[str, Any]]]) -> None:
        """Compare what the wrapper has emitted since the last time with the recording."""
        captured, self._capture.steps = self._capture.steps, []
        for now in captured:
            place = now["number"] - self._base
            if not 0 <= place < len(steps):
                continue
            rows = steps[place]
            several = self._api in (AEC, PARALLEL)
            row = next((row for row in rows if not several or row["agent"] == now.get("agent_id")), None)
            if row is None:
                continue
            agent = row["agent"] if several else ""
            self._compare_observation(0, row, now, "reset_observation", agent)
            for name in ("reward", "terminated", "truncated"):
                expected, got = row.get(name), now.get(name)
                if expected is not None and not _same(expected, got):
                    raise Differs(place + 1, name, expected, got, agent)
            self._compare_observation(place + 1, row, now, "observation", agent)
            self.compared += 1

    def _compare_observation(self, step: int, row: dict[str, Any], now: dict[str, Any], name: str, agent: str) -> None:
        if not self._observing or name not in row or name not in now:
            return
        got = json.loads(encode_text(now[name]))
        same = _same(row[name], got)
        if same is None:  # a worker recorded them otherwise than the environment gives them
            self._observing = False
        elif not same:
            raise Differs(step, "observation", row[name], got, agent)
        else:
            self.observations += 1

    def _picture(self, number: int) -> Iterator[Message]:
        if self.no_pictures or not self._first <= number < self._last:
            return
        try:
            frame = self._inner.render()
            if frame is None or not hasattr(frame, "shape"):
                self.no_pictures = "its render() returns no picture"
                return
            every = max(1, -(-max(frame.shape[:2]) // self._max_side)) if self._max_side else 1
            data = png_bytes(frame[::every, ::every])
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a renderer raises: the steps are compared all the same
            self.no_pictures = f"{type(error).__name__}: {error}"
            return
        yield {"kind": "frame", "number": number}, data

    def close(self) -> None:
        """Close the environment."""
        with contextlib.suppress(Exception):
            self._inner.close()


def _same(one: Any, other: Any) -> bool | None:
    """Return whether two values are the same but for rounding; ``None`` if they are not of the same shape."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return _all_same([(one[name], other[name]) for name in one])
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return _all_same(list(zip(one, other)))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (one != one and other != other) or math.isclose(
            one, other, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE
        )  # fmt: skip
    return one == other if type(one) is type(other) and not isinstance(one, (dict, list)) else None


def _all_same(pairs: list[tuple[Any, Any]]) -> bool | None:
    answers = [_same(one, other) for one, other in pairs]
    return None if None in answers else all(answers)


def _short(value: Any) -> str:
    text = encode_text(value)
    return text if len(text) <= 200 else text[:200] + " …"


__all__ = ["Differs", "Resimulation"]
