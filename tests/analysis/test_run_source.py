"""The contract of whatever gives runs to read: all sources of one home give the same."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from daemons import daemon_with_tls, make_certificate, remote_of

from gym_gui.analysis.folder_runs import FolderRuns
from gym_gui.analysis.run_source import RunSource
from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.reading.episodes import EpisodeQuery
from gym_gui.reading.logs import LogQuery
from gym_gui.reading.search import Search
from gym_gui.reading.series import SeriesRequest
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.remote import RemoteDaemon
from gym_gui.runs.filter import EVERY_RUN, RunFilter
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer import finalize

SOURCES = ("the folders", "the daemon of the home", "a daemon elsewhere")
FILTERS = [
    EVERY_RUN,
    RunFilter(states=(RunState.COMPLETED,)),
    RunFilter(states=(RunState.FAILED, RunState.CANCELLED)),
    RunFilter(states=(RunState.RUNNING,)),
    RunFilter(group="g1"),
    RunFilter(group="g2"),
    RunFilter(tag="even"),
    RunFilter(tag="no such tag"),
    RunFilter(worker="random"),
    RunFilter(worker="cleanrl"),
    RunFilter(states=(RunState.COMPLETED,), worker="random", group="g1", tag="even"),
]


class Runs(NamedTuple):
    """A home with ended runs, and its daemon as others see it."""

    home: Path
    remote: RemoteDaemon
    ids: list[str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, worker_records: Path) -> Iterator[Runs]:
    """Four runs: two groups, one tag on every other, the last one cancelled."""
    folder = tmp_path_factory.mktemp("source")
    home, tls = folder / "home", make_certificate(folder)
    home.mkdir()
    ids: list[str] = []
    shutil.copytree(worker_records, home / "workers")
    with daemon_with_tls(home, tls) as info, TrainerClient.connect(home, start=False) as client:
        ids = [
            client.submit(_config(number, total_steps=(60, 3000, 60)[number]), group=f"g{number % 2}")
            for number in range(3)
        ]
        assert all(run.state is not RunState.FAILED for run in client.watch(ids))
        ids.append(client.submit(_config(3, total_steps=10**9, step_rate=50.0), group="g1"))
        client.cancel(ids[-1], wait=True)
        yield Runs(home, remote_of(home, info, tls), ids)


def _config(number: int, **settings: Any) -> dict[str, Any]:
    config = {"env_id": "CartPole-v1", "seed": 1, "total_steps": 60, "heartbeat_interval_s": 0, **settings}
    return {
        "run_name": f"run {number}",
        "tags": ["even"] if number % 2 == 0 else [],
        "metadata": {"worker": {"worker_id": "random", "config": config}},
    }


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, runs: Runs) -> Iterator[RunSource]:
    """Each of the sources."""
    with contextlib.ExitStack() as stack:
        found: dict[str, Any] = {
            "the folders": lambda: FolderRuns(runs.home),
            "the daemon of the home": lambda: stack.enter_context(TrainerClient.connect(runs.home, start=False)),
            "a daemon elsewhere": lambda: stack.enter_context(TrainerClient.connect_to(runs.remote)),
        }
        yield found[request.param]()


def _same(run: RunSummary) -> tuple[Any, ...]:
    counts = (run.steps, run.episodes, run.ledger.lines, run.ledger.stored)
    return run.run_id, run.run_name, run.state, run.group, tuple(run.tags), run.cause, counts


@pytest.mark.parametrize("wanted", FILTERS)
def test_filters_mean_the_same_everywhere(source: RunSource, runs: Runs, wanted: RunFilter) -> None:
    everything = FolderRuns(runs.home).list(limit=None)
    assert [run.run_id for run in everything] == runs.ids[::-1]
    assert list(map(_same, source.list(wanted, limit=None))) == [
        _same(run) for run in everything if wanted.matches(run)
    ]
    assert [run.run_id for run in source.list(wanted, limit=2)] == [
        run.run_id for run in everything if wanted.matches(run)
    ][:2]


SEARCHES = [
    Search(),
    Search("state:completed", sort=("name",)),
    Search("env:cartpole* config.total_steps>=100", sort=("-steps", "name")),
    Search("-tag:even", columns=("config.total_steps", "algo")),
    Search("even", limit=1),
    Search(group_by=("variant",), sort=("-steps",)),
    Search("submitter:* age<1h", group_by=("state", "group"), limit=2),
    Search("no such run anywhere"),
    Search(curve_points=4, limit=3),
    Search(group_by=("group",), curve_points=7),
]


@pytest.mark.parametrize("asked", SEARCHES)
def test_searches_mean_the_same_everywhere(source: RunSource, runs: Runs, asked: Search) -> None:
    expected = FolderRuns(runs.home).search(asked)
    found = source.search(asked)
    assert (found.total, found.groups_total, found.cursor) == (expected.total, expected.groups_total, expected.cursor)
    assert [(_same(row.run), row.values, row.curve) for row in found.runs] == [
        (_same(row.run), row.values, row.curve) for row in expected.runs
    ]
    assert [(row.key, row.run_ids, row.states, row.returns, row.band) for row in found.groups] == [
        (row.key, row.run_ids, row.states, row.returns, row.band) for row in expected.groups
    ]
    assert any(row.curve for row in found.runs) == bool(found.runs and asked.curve_points)
    assert any(row.band and row.band.steps for row in found.groups) == bool(found.groups and asked.curve_points)
    if found.cursor:
        following = dataclasses.replace(asked, cursor=found.cursor)
        assert [_same(row.run) for row in source.search(following).runs] == [
            _same(row.run) for row in FolderRuns(runs.home).search(following).runs
        ]


def test_a_search_that_cannot_be_read_is_refused_alike_everywhere(source: RunSource) -> None:
    with pytest.raises(ConfigError) as caught:
        source.search(Search("retrun>4", sort=("x",)))
    assert [problem.nearest for problem in caught.value.problems] == ["return"]
    assert "at character 1" in caught.value.problems[0].message
    with pytest.raises(ConfigError, match="sort"):
        source.search(Search(sort=("x",)))
    with pytest.raises(ConfigError, match="sort"):
        next(source.watch_search(Search(sort=("x",))))


@pytest.mark.parametrize("asked", SEARCHES)
def test_a_watched_search_begins_with_its_whole_page(source: RunSource, asked: Search) -> None:
    page, updates = source.search(asked), source.watch_search(asked)
    update = next(updates)
    assert (update.total, update.groups_total, update.cursor) == (page.total, page.groups_total, page.cursor)
    assert update.run_ids == [row.run.run_id for row in page.runs]
    assert [(row.run, row.curve) for row in update.runs] == [(row.run, row.curve) for row in page.runs]
    # Encoded: a run without a return has NaN in its group, which equals nothing.
    assert msgspec.msgpack.encode(update.groups) == msgspec.msgpack.encode(page.groups)
    assert update.groups_changed is bool(page.groups)
    updates.close()  # type: ignore[attr-defined]


def test_details_are_the_same_everywhere(source: RunSource, runs: Runs) -> None:
    for run_id in runs.ids:
        details = source.details(run_id)
        assert details == FolderRuns(runs.home).details(run_id)
        assert details.config["run_name"].startswith("run ")


def test_episodes_and_their_steps_are_the_same_everywhere(source: RunSource, runs: Runs) -> None:
    folders = FolderRuns(runs.home)
    for query in (EpisodeQuery(), EpisodeQuery(sort="-return", limit=3, offset=1), EpisodeQuery(phase="eval")):
        assert source.episodes(runs.ids[1], query) == folders.episodes(runs.ids[1], query)
    episode = source.episodes(runs.ids[1], EpisodeQuery()).episodes[0]
    steps = source.steps(runs.ids[1], episode.id)
    assert len(steps) == episode.steps
    assert list(steps) == list(folders.steps(runs.ids[1], episode.id))
    assert list(source.steps(runs.ids[1], episode.id, after=steps[2].id, limit=1)) == [steps[3]]
    with pytest.raises(ConfigError, match="sort"):
        source.episodes(runs.ids[1], EpisodeQuery(sort="x"))
    with pytest.raises(UsageError, match="no episode"):
        source.steps(runs.ids[1], 1)


def test_series_are_the_same_everywhere(source: RunSource, runs: Runs) -> None:
    folders = FolderRuns(runs.home)
    names = source.series_names(runs.ids[1])
    assert list(names) == list(folders.series_names(runs.ids[1]))
    assert {name.name for name in names} >= {"return", "length"}
    for request in (
        SeriesRequest(names=("return", "length"), points=5),
        SeriesRequest(names=("return",), x="relative", low=0.0),
        SeriesRequest(names=("return",), x="episode", low=2, high=3),
    ):
        assert list(source.series(runs.ids[:2], request)) == list(folders.series(runs.ids[:2], request))
    ((of_one, of_another),) = [source.series(runs.ids[:2], SeriesRequest(names=("return",), x="episode"))]
    assert [(series.run_id, series.name) for series in (of_one, of_another)] == [
        (run_id, "return") for run_id in runs.ids[:2]
    ]
    (line,) = of_another.lines
    assert (line.width, sum(line.count)) == (1, source.get(runs.ids[1]).episodes)


def test_series_that_cannot_be_read_are_refused_alike_everywhere(source: RunSource, runs: Runs) -> None:
    with pytest.raises(UsageError, match="no series 'retrun'") as caught:
        source.series(runs.ids[1:2], SeriesRequest(names=("return", "retrun")))
    assert "'return'" in caught.value.why
    with pytest.raises(ConfigError, match="points"):
        source.series(runs.ids[:1], SeriesRequest(names=("return",), points=10**12))
    with pytest.raises(ConfigError, match="names"):
        source.series(runs.ids, SeriesRequest(names=("return",) * 26))
    for act in (source.series_names, lambda run_id: source.series([run_id], SeriesRequest(names=("return",)))):
        with pytest.raises(UsageError, match="there is no run"):
            act("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_files_are_the_same_everywhere(source: RunSource, runs: Runs) -> None:
    folders = FolderRuns(runs.home)
    listing = source.files(runs.ids[0], recursive=True)
    assert listing == folders.files(runs.ids[0], recursive=True)
    log = next(entry for entry in listing.entries if entry.path.endswith(".stdout.jsonl"))
    data, size = source.read_file(runs.ids[0], log.path)
    assert (len(data), data) == (size, (runs.home / "runs" / runs.ids[0] / log.path).read_bytes())
    assert source.read_file(runs.ids[0], log.path, offset=5, length=7) == (data[5:12], size)
    for path in ("control", "../" + runs.ids[1], "nothing"):
        with pytest.raises(UsageError, match="cannot be read"):
            source.read_file(runs.ids[0], path)
    for act in (source.details, source.files):
        with pytest.raises(UsageError, match="there is no run"):
            act("01ARZ3NDEKTSV4RRFFQ69G5FAV")


LOG_QUERIES = [
    LogQuery(),
    LogQuery(stream="stdout", limit=3),
    LogQuery(stream="stdout", after=100, limit=5, pattern="step"),
    LogQuery(stream="stdout", before=500, level="error"),
    LogQuery(stream="supervisor"),
    LogQuery(stream="stderr", worker_id="000001", attempt=1),
]


@pytest.mark.parametrize("query", LOG_QUERIES)
def test_logs_are_the_same_everywhere(source: RunSource, runs: Runs, query: LogQuery) -> None:
    page = source.read_log(runs.ids[1], query)
    assert page == FolderRuns(runs.home).read_log(runs.ids[1], query)
    assert bool(page.lines) == (query.stream != "output" and not query.level)
    assert source.find_failure(runs.ids[1]) == FolderRuns(runs.home).find_failure(runs.ids[1])


def test_logs_that_cannot_be_read_are_refused_alike_everywhere(source: RunSource, runs: Runs) -> None:
    with pytest.raises(ConfigError, match="pattern"):
        source.read_log(runs.ids[0], LogQuery(pattern="("))
    with pytest.raises(UsageError, match="no worker"):
        source.read_log(runs.ids[0], LogQuery(worker_id="x"))
    for act in (lambda run_id: source.read_log(run_id, LogQuery()), source.find_failure):
        with pytest.raises(UsageError, match="there is no run"):
            act("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_curves_come_where_they_are_asked_for(source: RunSource, runs: Runs) -> None:
    bare, full = source.list(limit=None), source.list(limit=None, curves=True)
    assert not any(worker.curve for run in bare for worker in run.workers)
    assert [len(worker.curve) for run in full for worker in run.workers] == [
        len(worker.curve) for run_id in runs.ids[::-1] for worker in source.get(run_id).workers
    ]
    assert any(worker.curve for run in full for worker in run.workers)


def test_what_a_user_calls_a_run_names_it(source: RunSource, runs: Runs) -> None:
    first = runs.ids[0]
    for reference in (first, first.lower(), first[-8:], "run 0"):
        assert source.resolve(reference) == first
    assert source.resolve("latest") == runs.ids[-1]
    with pytest.raises(UsageError, match="4 runs begin or end with"):
        source.resolve(first[:6])
    for unknown in ("", "zzzz", "run 9", "01ARZ3NDEKTSV4RRFFQ69G5FAV"):
        with pytest.raises(UsageError, match="there is no run"):
            source.resolve(unknown)


def test_a_run_as_it_stands(source: RunSource, runs: Runs) -> None:
    for run_id in runs.ids:
        assert _same(source.get(run_id)) == _same(FolderRuns(runs.home).get(run_id))
    for reach in (
        source.get,
        source.why,
        lambda run_id: list(source.watch([run_id])),
        lambda run_id: list(source.stream(run_id)),
    ):
        with pytest.raises(UsageError, match="there is no run"):
            reach("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_why_a_run_stands_where_it_stands(source: RunSource, runs: Runs) -> None:
    assert source.why(runs.ids[0]).state is RunState.COMPLETED
    ended = source.why(runs.ids[-1])
    assert ended.state is RunState.CANCELLED
    assert "It was cancelled on request" in ended.meaning


def test_a_watch_of_ended_runs_gives_each_once(source: RunSource, runs: Runs) -> None:
    seen = [run.run_id for run in source.watch(runs.ids)]
    assert sorted(seen) == sorted(runs.ids)


def test_rows_come_whole_and_from_a_cursor_on(source: RunSource, runs: Runs) -> None:
    batches = list(source.stream(runs.ids[0], max_rate=0))
    steps = [row.id for batch in batches for row in batch.steps]
    assert len(steps) == 60 == len(set(steps))
    assert {row.event for batch in batches for row in batch.events} >= {"run_started", "run_completed"}
    assert not [
        row for batch in source.stream(runs.ids[0], cursor=batches[-1].cursor, max_rate=0) for row in batch.steps
    ]
    only = list(source.stream(runs.ids[0], kinds=["episode"], max_rate=0))
    assert not any(batch.steps or batch.events or batch.metrics for batch in only)
    assert sum(len(batch.episodes) for batch in only) == source.get(runs.ids[0]).episodes


def test_rows_of_a_run_end_though_nothing_was_tidied_up_after_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finalize, "is_finished", lambda _folder: False)  # its proxy was killed right at the end
    assert sum(len(batch.steps) for batch in FolderRuns(runs.home).stream(runs.ids[0])) == 60
