"""What a client asks of the daemon's reading service: each call's request and answer. Does no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from gym_gui.reading import (
    EpisodePage,
    EpisodeQuery,
    Failure,
    FileListing,
    FrameSource,
    LogPage,
    LogQuery,
    Page,
    Picture,
    PictureRequest,
    ReplayQuery,
    ReplayUpdate,
    RunDetails,
    Search,
    SearchUpdate,
    Series,
    SeriesName,
    SeriesRequest,
    check_series,
)
from gym_gui.rpc.calls import Call, user
from gym_gui.rpc.frame_messages import picture_from_pb, sources_from_pb, watch_to_pb
from gym_gui.rpc.messages import summary_from_pb
from gym_gui.rpc.proto import reading_pb2 as reading
from gym_gui.rpc.reading_messages import (
    change_to_pb,
    details_from_pb,
    episode_query_to_pb,
    episodes_from_pb,
    failure_from_pb,
    listing_from_pb,
    log_page_from_pb,
    log_query_to_pb,
    page_from_pb,
    replay_query_to_pb,
    replay_update_from_pb,
    search_to_pb,
    update_from_pb,
)
from gym_gui.rpc.row_messages import step_from_pb
from gym_gui.rpc.series_messages import names_from_pb, request_to_pb, series_from_pb
from gym_gui.runs import AnnotationChange, RunSummary
from gym_gui.telemetry import StepRecord

#: Curves of long runs without summaries of their values are read value by value.
_SERIES_TIMEOUT_S = 180.0


def search(asked: Search) -> Call[Page]:
    """Search runs."""
    return Call("SearchRuns", search_to_pb(asked), page_from_pb)


def annotate(run_id: str, change: AnnotationChange, by: str | None = None) -> Call[RunSummary]:
    """Change name, tags, notes or star of a run. ``by``: who does; ``None``: the user."""
    return Call("AnnotateRun", change_to_pb(run_id, change, user() if by is None else by), summary_from_pb)


def details(run_id: str) -> Call[RunDetails]:
    """Get what is recorded about a run."""
    return Call("GetDetails", reading.GetDetailsRequest(run_id=run_id), details_from_pb)


def episodes(run_id: str, query: EpisodeQuery) -> Call[EpisodePage]:
    """List a run's episodes."""
    return Call("ListEpisodes", episode_query_to_pb(run_id, query), episodes_from_pb)


def steps(run_id: str, episode: int, after: int, limit: int) -> Call[list[StepRecord]]:
    """List an episode's steps."""
    request = reading.ListStepsRequest(run_id=run_id, episode=episode, after=after, limit=limit)
    return Call("ListSteps", request, lambda answer: [step_from_pb(each) for each in answer.steps])


def files(run_id: str, path: str, *, recursive: bool) -> Call[FileListing]:
    """List a run's files."""
    return Call("ListFiles", reading.ListFilesRequest(run_id=run_id, path=path, recursive=recursive), listing_from_pb)


def read_file(run_id: str, path: str, offset: int, length: int) -> Call[tuple[bytes, int]]:
    """Read bytes of a run's file."""
    request = reading.ReadFileRequest(run_id=run_id, path=path, offset=offset, length=length)
    return Call("ReadFile", request, lambda answer: (answer.data, answer.size))


def series(run_ids: Sequence[str], request: SeriesRequest) -> Call[list[Series]]:
    """Read series of runs.

    Raises:
        ConfigError: The request is not valid.
    """
    check_series(request, len(run_ids))
    return Call("GetSeries", request_to_pb(run_ids, request), series_from_pb, _SERIES_TIMEOUT_S)


def series_names(run_id: str) -> Call[list[SeriesName]]:
    """List a run's series."""
    return Call("ListSeries", reading.ListSeriesRequest(run_id=run_id), names_from_pb)


def read_log(run_id: str, query: LogQuery) -> Call[LogPage]:
    """Read lines of a run's log."""
    return Call("ReadLog", log_query_to_pb(run_id, query), log_page_from_pb)


def find_failure(run_id: str) -> Call[Failure]:
    """Find the place in a run's logs that says why it failed."""
    return Call("FindFailure", reading.FindFailureRequest(run_id=run_id), failure_from_pb)


def frames(run_id: str) -> Call[list[FrameSource]]:
    """Ask what each worker of a run shows of its environment."""
    return Call("ListFrames", reading.ListFramesRequest(run_id=run_id), sources_from_pb)


def switch_frames(
    run_id: str, worker_id: str, on: bool | None, layout: str | None, place: int | None
) -> Call[list[FrameSource]]:
    """Change what workers show of their environments."""
    request = reading.SwitchFramesRequest(
        run_id=run_id, worker_id=worker_id, on=on, layout=layout, place=None if place is None else min(place, 1 << 30)
    )
    return Call("SwitchFrames", request, sources_from_pb)


class FrameWatching:
    """A stream of a worker's pictures, which goes on with the next daemon.

    Args:
        run_id: The run.
        asked: How a user wants to see them.
    """

    method = "WatchFrames"
    over = False

    def __init__(self, run_id: str, asked: PictureRequest) -> None:
        self._run_id = run_id
        self._asked = asked

    def request(self) -> reading.WatchFramesRequest:
        """Return the request."""
        return watch_to_pb(self._run_id, self._asked)

    def take(self, message: reading.Picture) -> Picture:
        """Return the picture that came."""
        return picture_from_pb(message)


class SearchWatching:
    """A stream of the changes of a search's page; the next daemon begins it with the whole page.

    Args:
        asked: The search.
    """

    method = "WatchSearch"
    over = False

    def __init__(self, asked: Search) -> None:
        self._asked = asked

    def request(self) -> reading.SearchRunsRequest:
        """Return the request."""
        return search_to_pb(self._asked)

    def take(self, message: reading.SearchUpdate) -> SearchUpdate:
        """Return the update that came."""
        return update_from_pb(message)


class Replaying:
    """The pictures of an episode; the next daemon begins with the first one.

    Args:
        run_id: The run.
        query: Which pictures.

    Raises:
        ConfigError: The query is not valid.
    """

    method = "Replay"

    def __init__(self, run_id: str, query: ReplayQuery) -> None:
        query.check()
        self._run_id, self._query = run_id, query
        self.over = False

    def request(self) -> reading.ReplayRequest:
        """Return the request."""
        return replay_query_to_pb(self._run_id, self._query)

    def take(self, message: reading.ReplayUpdate) -> ReplayUpdate:
        """Return the update that came."""
        update = replay_update_from_pb(message)
        self.over = update.end is not None
        return update
