"""Series equal what plain Python computes of the printed values, however they are stored and thinned."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.reading.series import Series, SeriesRequest, read_series, require_found
from gym_gui.reading.series_list import series_names
from gym_gui.reading.thinning import SeriesLine

RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
KINDS = {math.inf: "+inf", -math.inf: "-inf"}
NewRun = Callable[..., Any]


class Value(NamedTuple):
    """A value of a metric as printed, with the training episodes before it."""

    step: int | None
    time: float | None
    value: float
    episode: int
    number: int = 0


def printed(seed: int, rows: int, *, steps: str, odd: float, attempt: int) -> list[Value]:
    """Return values whose steps go on, stand still, are missing or go back."""
    source = random.Random(seed + attempt)
    values, step, episode = [], attempt * 500, 0
    for place in range(rows):
        step = {
            "onward": step + source.randrange(3),
            "missing": step + 1,
            "backward": place % 97,
            "none": step,
        }[steps]
        missing = steps == "none" or (steps == "missing" and source.random() < 0.1)
        strange = source.random() < odd
        value = (
            source.choice([math.nan, math.inf, -math.inf])
            if strange
            else source.gauss(0.0, 10.0 ** source.randrange(9))
        )
        time = None if steps == "missing" and source.random() < 0.05 else 1.7e9 + 0.25 * place + attempt
        values.append(Value(None if missing else step, time, value, episode, place + 1))
        episode += source.random() < 0.02
    return values


def log_of(values: list[Value]) -> bytes:
    lines, episodes = [], 0
    for each in values:
        while episodes < each.episode:
            lines.append({"event_type": "episode", "ep_index": episodes, "total_reward": 1.0, "steps": 3})
            episodes += 1
        line: dict[str, Any] = {"event_type": "metric", "values": {"loss": each.value, "constant": 1.0}}
        line |= {} if each.step is None else {"step": each.step}
        line |= {} if each.time is None else {"timestamp": each.time}
        lines.append(line)
    common = {"run_id": RUN_ID, "worker_id": "000001"}
    return b"".join(json.dumps({**common, **line}).encode() + b"\n" for line in lines)


def x_of(value: Value, axis: str, start: float = 0.0) -> float | None:
    if axis == "step":
        return value.step
    if axis == "episode":
        return value.episode
    if axis == "update":
        return value.number
    return None if value.time is None else value.time - start


def expected_line(values: list[Value], axis: str, low: float, high: float, points: int) -> dict[str, list[Any]]:
    """Return the columns of a curve, computed value by value."""
    placed = [
        (place, x, each.value)
        for place, each in enumerate(values)
        if (x := x_of(each, axis)) is not None and low <= x <= high
    ]
    width = 1
    while len({place // width for place, _, _ in placed}) > points:
        width *= 2
    buckets: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for place, x, value in placed:
        buckets[place // width].append((x, value))
    columns: dict[str, list[Any]] = defaultdict(list)
    columns["width"] = [width]
    columns["without_x"] = [sum(x_of(each, axis) is None for each in values)]
    for bucket in buckets.values():
        finite = [value for _, value in bucket if math.isfinite(value)]
        if finite:
            columns["first_x"].append(min(x for x, _ in bucket))
            columns["last_x"].append(max(x for x, _ in bucket))
            columns["count"].append(len(finite))
            columns["low"].append(min(finite))
            columns["high"].append(max(finite))
            columns["mean"].append(math.fsum(finite) / len(finite))
            columns["scale"].append(max(map(abs, finite)))
            columns["last"].append(finite[-1])
        marks: dict[str, list[float]] = defaultdict(list)
        for x, value in bucket:
            if not math.isfinite(value):
                marks["nan" if math.isnan(value) else KINDS[value]].append(x)
        columns["marks"] += sorted((found[0], kind, len(found)) for kind, found in marks.items())
    return columns


def check_line(line: SeriesLine, expected: dict[str, list[Any]]) -> None:
    assert [line.width] == expected["width"]
    assert [line.without_x] == expected["without_x"]
    for name in ("first_x", "last_x", "count", "low", "high", "last"):
        assert getattr(line, name) == expected[name], name
    for mean, true, scale in zip(line.mean, expected["mean"], expected["scale"], strict=True):
        assert mean == pytest.approx(true, rel=1e-9, abs=1e-12 * scale)
    marks = list(zip(line.marks.x, line.marks.kind, line.marks.count, strict=True))
    assert sorted(marks) == sorted(expected["marks"])


@given(
    seed=st.integers(0, 1000),
    rows=st.lists(st.sampled_from([0, 1, 5, 63, 64, 65, 300, 700, 1300]), min_size=1, max_size=2),
    steps=st.sampled_from(["onward", "missing", "backward", "none"]),
    odd=st.sampled_from([0.0, 0.002, 0.3, 1.0]),
    axis=st.sampled_from(["step", "update", "episode", "wall"]),
    points=st.sampled_from([1, 2, 3, 7, 20, 50, 1000]),
    share=st.sampled_from([None, (0.0, 0.5), (0.3, 0.31), (0.2, 0.9), (0.5, 1.0), (2.0, 3.0)]),
    batch=st.sampled_from([300, 5000, 4 << 20]),
)
def test_curves_are_as_computed_value_by_value(
    new_logged_run: NewRun,
    seed: int,
    rows: list[int],
    steps: str,
    odd: float,
    axis: str,
    points: int,
    share: tuple[float, float] | None,
    batch: int,
) -> None:
    run = new_logged_run()
    attempts = [printed(seed, count, steps=steps, odd=odd, attempt=attempt) for attempt, count in enumerate(rows, 1)]
    for attempt, values in enumerate(attempts, 1):
        run.append(log_of(values), attempt=attempt)
    run.ingest(batch)
    xs = [x for values in attempts for each in values if (x := x_of(each, axis)) is not None]
    low, high = -math.inf, math.inf
    if share is not None and xs:
        low, high = (min(xs) + part * (max(xs) - min(xs)) for part in share)
    request = SeriesRequest(
        names=("loss",), x=axis, points=points,
        low=None if low == -math.inf else low, high=None if high == math.inf else high,
    )  # fmt: skip
    (series,) = read_series(run.folder, request)
    there = [(attempt, values) for attempt, values in enumerate(attempts, 1) if values]
    assert [line.attempt for line in series.lines] == [attempt for attempt, _ in there]
    for line, (_, values) in zip(series.lines, there, strict=True):
        check_line(line, expected_line(values, axis, low, high, points))
    run.query("DROP TABLE metric_spans")  # as an earlier version left it
    for line, (_, values) in zip(read_series(run.folder, request)[0].lines, there, strict=True):
        check_line(line, expected_line(values, axis, low, high, points))


def episode(number: int, **fields: Any) -> dict[str, Any]:
    return {"event_type": "episode", "ep_index": number, **fields}


def printed_lines(lines: list[dict[str, Any]]) -> bytes:
    common = {"run_id": RUN_ID, "worker_id": "000001"}
    return b"".join(json.dumps({**common, **line}).encode() + b"\n" for line in lines)


def only(found: list[Series]) -> SeriesLine:
    (series,) = found
    (line,) = series.lines
    return line


def test_episodes_have_returns_lengths_and_successes_by_phase_and_agent(logged_run: Any) -> None:
    logged_run.append(
        printed_lines(
            [
                episode(0, total_reward=5.0, steps=10, success=False, timestamp=1000.0),
                episode(1, total_reward=math.nan, steps=20, success=True, timestamp=1002.5),
                episode(0, total_reward=50.0, steps=7, phase="eval"),
                episode(2, total_reward=7.0, steps=5),
                episode(3, total_reward=1.0, agent_id="red"),
                episode(4, total_reward=9.0, agent_rewards={"red": 4.0, "blue": 5.0}),
            ]
        )
    )
    logged_run.append(printed_lines([episode(0, total_reward=3.0, steps=1)]), attempt=2)
    logged_run.ingest()

    def read(name: str, **options: Any) -> list[SeriesLine]:
        return read_series(logged_run.folder, SeriesRequest(names=(name,), **options))[0].lines

    plain, red, blue, resumed = read("return", x="episode")
    assert [line.agent_id for line in (plain, red, blue, resumed)] == ["", "red", "blue", ""]
    assert {line.phase for line in (plain, red, blue, resumed)} == {"train"}
    assert (plain.first_x, plain.mean) == ([0.0, 2.0, 4.0], [5.0, 7.0, 9.0])
    assert (plain.marks.x, plain.marks.kind) == ([1.0], ["nan"])
    assert (red.first_x, red.mean) == ([3.0, 4.0], [1.0, 4.0])
    assert (resumed.attempt, resumed.mean) == (2, [3.0])
    (evaluation,) = read("eval_return")
    assert (evaluation.phase, evaluation.mean, evaluation.first_x) == ("eval", [50.0], [7.0])
    assert read("length")[0].first_x == [10.0, 30.0, 35.0]  # steps when they ended
    assert read("success", x="wall")[0].first_x == [1000.0, 1002.5]
    assert read("success", x="relative")[0].mean == [0.0, 1.0]
    assert read("eval_success") == []
    found = {name.name: name for name in series_names(logged_run.folder)}
    assert list(found) == ["return", "length", "success", "eval_return", "eval_length"]
    assert (found["return"].count, found["return"].low, found["return"].high) == (6, 1.0, 9.0)
    assert (found["success"].count, found["success"].last) == (2, 1.0)


def test_an_episode_ends_at_the_step_before_it(logged_run: Any) -> None:
    steps = [{"event_type": "step", "step_index": number, "reward": 1.0} for number in range(1000, 1003)]
    logged_run.append(printed_lines([*steps[:2], episode(0, total_reward=2.0), steps[2], episode(1, total_reward=1.0)]))
    logged_run.ingest()
    assert only(read_series(logged_run.folder, SeriesRequest(names=("return",)))).first_x == [1002.0, 1003.0]


def test_names_tell_what_a_metric_has(logged_run: Any) -> None:
    values = printed(3, 1000, steps="missing", odd=0.1, attempt=1)
    logged_run.append(log_of(values))
    logged_run.append(printed_lines([{"event_type": "metric", "values": {"return": -2.5}, "step": 7}]), attempt=2)
    logged_run.ingest()
    finite = [each.value for each in values if math.isfinite(each.value)]
    steps = [each.step for each in values if each.step is not None]
    for _ in range(2):  # with and without spans
        found = {name.name: name for name in series_names(logged_run.folder)}
        loss = found["loss"]
        assert (loss.count, loss.low, loss.high) == (1000, min(finite), max(finite))
        assert (loss.first_step, loss.last_step) == (min(steps), max(steps))
        assert loss.last == pytest.approx(values[-1].value, nan_ok=True)
        assert found["return"].kind == "episodes"
        assert (found["metric:return"].count, found["metric:return"].last) == (1, -2.5)
        logged_run.query("DROP TABLE IF EXISTS metric_spans")
    line = only(read_series(logged_run.folder, SeriesRequest(names=("metric:return",))))
    assert (line.attempt, line.first_x, line.last) == (2, [7.0], [-2.5])


def test_a_name_that_no_run_has_is_refused_with_the_nearest(logged_run: Any) -> None:
    logged_run.append(log_of(printed(1, 5, steps="onward", odd=0.0, attempt=1)))
    logged_run.ingest()
    request = SeriesRequest(names=("loss", "los"))
    found = read_series(logged_run.folder, request)
    assert [bool(series.lines) for series in found] == [True, False]
    with pytest.raises(UsageError, match="there is no series 'los'") as caught:
        require_found(found, request)
    assert "loss" in caught.value.why
    assert f"mosaic runs metrics {RUN_ID}" in caught.value.next_step
    another = [Series(run_id="another", name="los", lines=[SeriesLine()])]
    require_found([*found, *another], request)  # one of the runs has it


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"x": "stepp"}, "x"),
        ({"points": 0}, "points"),
        ({"points": 10_001}, "points"),
        ({"low": 2.0, "high": 1.0}, "low"),
        ({"low": math.nan}, "low"),
        ({"names": ()}, "names"),
        ({"names": ("a",) * 101}, "names"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(logged_run: Any, fields: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_series(logged_run.folder, SeriesRequest(**{"names": ("loss",), **fields}))
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_run_without_telemetry_has_no_series(logged_run: Any) -> None:
    assert series_names(logged_run.folder) == []
    assert read_series(logged_run.folder, SeriesRequest(names=("loss",)))[0].lines == []


def test_a_metric_over_another_one_lies_at_its_value_at_the_same_step(logged_run: Any) -> None:
    lines = [
        {
            "event_type": "metric",
            "step": step,
            "values": {"kl": step / 100} | ({"loss": 5.0 - step} if step % 2 else {}),
        }
        for step in range(10)
    ]
    odd = {"event_type": "metric", "step": 4, "values": {"loss": math.nan}}
    beyond = {"event_type": "metric", "step": 50, "values": {"loss": 4.0}}
    logged_run.append(printed_lines([*lines[:5], odd, *lines[5:], beyond]))
    logged_run.ingest()
    line = only(read_series(logged_run.folder, SeriesRequest(names=("loss",), x="metric:kl")))
    assert line.last_x == pytest.approx([0.01, 0.03, 0.05, 0.07, 0.09])
    assert line.mean == [4.0, 2.0, 0.0, -2.0, -4.0]
    assert (line.marks.x, line.without_x) == (pytest.approx([0.04]), 1)
    part = only(read_series(logged_run.folder, SeriesRequest(names=("loss",), x="metric:kl", low=0.02, high=0.06)))
    assert part.mean == [2.0, 0.0]
    (missing,) = read_series(logged_run.folder, SeriesRequest(names=("loss",), x="metric:losse"))
    assert (missing.lines, missing.nearest) == ([], "loss")
    episodes = read_series(logged_run.folder, SeriesRequest(names=("loss",), x="metric:return"))
    assert episodes[0].lines == []


def test_episodes_are_numbered_by_agent(logged_run: Any) -> None:
    logged_run.append(
        printed_lines(
            [episode(at, total_reward=5.0, agent_id=who) for at, who in ((7, "red"), (7, "blue"), (9, "red"))]
        )
    )
    logged_run.ingest()
    (found,) = read_series(logged_run.folder, SeriesRequest(names=("return",), x="update"))
    assert [(line.agent_id, line.last_x) for line in found.lines] == [("red", [1.0, 2.0]), ("blue", [1.0])]
