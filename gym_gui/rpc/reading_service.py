# ruff: noqa: N802 - gRPC gives the methods their names
"""The gRPC methods that read runs: each reads its request, calls the trainer's reads, and writes its answer."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from gym_gui.reading import (
    MAX_BYTES,
    Series,
    SeriesRequest,
    check_series,
    check_size,
    list_files,
    read_details,
    read_episodes,
    read_file,
    read_series,
    read_steps,
    require_found,
    series_names,
)
from gym_gui.rpc.frame_messages import picture_to_pb, sources_to_pb, watch_from_pb
from gym_gui.rpc.guard import answers, streams
from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto import reading_pb2 as reading
from gym_gui.rpc.proto.reading_pb2_grpc import ReadingServiceServicer
from gym_gui.rpc.reading_messages import (
    UpdateMessages,
    change_from_pb,
    details_to_pb,
    episode_query_from_pb,
    episodes_to_pb,
    failure_to_pb,
    listing_to_pb,
    log_page_to_pb,
    log_query_from_pb,
    page_to_pb,
    replay_query_from_pb,
    replay_update_to_pb,
    search_from_pb,
    steps_range,
)
from gym_gui.rpc.row_messages import step_to_pb
from gym_gui.rpc.series_messages import names_to_pb, request_from_pb, series_to_pb
from gym_gui.runs import RunFolder
from gym_gui.trainer import Loading, Reads


class ReadingService(ReadingServiceServicer):
    """``mosaic.v1.ReadingService``.

    Args:
        reads: Reads the runs.
        loading: Calls wait for it.
    """

    def __init__(self, reads: Reads, loading: Loading) -> None:
        self._reads = reads
        self.loading = loading
        self._updates = UpdateMessages()

    @answers
    async def SearchRuns(self, request: reading.SearchRunsRequest) -> reading.SearchRunsResponse:
        return page_to_pb(await self._reads.search(search_from_pb(request)))

    @streams
    async def WatchSearch(self, request: reading.SearchRunsRequest) -> AsyncIterator[reading.SearchUpdate]:
        async for update in self._reads.watch_search(search_from_pb(request)):
            yield self._updates.message(update)

    @answers
    async def AnnotateRun(self, request: reading.AnnotateRunRequest) -> pb.RunSummary:
        return summary_to_pb(await self._reads.annotate(request.run_id, change_from_pb(request), request.by))

    @answers
    async def GetDetails(self, request: reading.GetDetailsRequest) -> reading.GetDetailsResponse:
        return details_to_pb(await self._reads.read(request.run_id, read_details))

    @answers
    async def ListEpisodes(self, request: reading.ListEpisodesRequest) -> reading.ListEpisodesResponse:
        query = episode_query_from_pb(request)
        return episodes_to_pb(await self._reads.read(request.run_id, lambda folder: read_episodes(folder, query)))

    @answers
    async def ListSteps(self, request: reading.ListStepsRequest) -> reading.ListStepsResponse:
        after, limit = steps_range(request)
        steps = await self._reads.read(
            request.run_id, lambda folder: read_steps(folder, request.episode, after=after, limit=limit)
        )
        return reading.ListStepsResponse(steps=map(step_to_pb, steps))

    @answers
    async def ListFiles(self, request: reading.ListFilesRequest) -> reading.ListFilesResponse:
        listing = await self._reads.read(
            request.run_id, lambda folder: list_files(folder, request.path, recursive=request.recursive)
        )
        return listing_to_pb(listing)

    @answers
    async def ReadFile(self, request: reading.ReadFileRequest) -> reading.ReadFileResponse:
        length = request.length or MAX_BYTES
        data, size = await self._reads.read(
            request.run_id, lambda folder: read_file(folder, request.path, offset=request.offset, length=length)
        )
        return reading.ReadFileResponse(data=data, size=size)

    @answers
    async def ListSeries(self, request: reading.ListSeriesRequest) -> reading.ListSeriesResponse:
        return names_to_pb(await self._reads.read(request.run_id, series_names))

    @answers
    async def GetSeries(self, request: reading.GetSeriesRequest) -> reading.GetSeriesResponse:
        asked = request_from_pb(request)
        check_series(asked, len(request.run_ids))
        found: list[Series] = []
        messages: list[reading.Series] = []
        for run_id in request.run_ids:
            series, converted = await self._reads.read(run_id, lambda folder: _read_series(folder, asked))
            found += series
            messages += converted
            check_size(found, asked)
        require_found(found, asked)
        return reading.GetSeriesResponse(series=messages)

    @answers
    async def ReadLog(self, request: reading.ReadLogRequest) -> reading.LogPage:
        return log_page_to_pb(await self._reads.read_log(request.run_id, log_query_from_pb(request)))

    @answers
    async def FindFailure(self, request: reading.FindFailureRequest) -> reading.Failure:
        return failure_to_pb(await self._reads.find_failure(request.run_id))

    @streams
    async def Replay(self, request: reading.ReplayRequest) -> AsyncIterator[reading.ReplayUpdate]:
        async for update in self._reads.replay(request.run_id, replay_query_from_pb(request)):
            yield replay_update_to_pb(update)

    @answers
    async def ListFrames(self, request: reading.ListFramesRequest) -> reading.ListFramesResponse:
        return sources_to_pb(await self._reads.frames.sources(request.run_id))

    @streams
    async def WatchFrames(self, request: reading.WatchFramesRequest) -> AsyncIterator[reading.Picture]:
        async with contextlib.aclosing(self._reads.frames.watch(request.run_id, watch_from_pb(request))) as pictures:
            async for picture in pictures:
                yield picture_to_pb(picture)

    @answers
    async def SwitchFrames(self, request: reading.SwitchFramesRequest) -> reading.ListFramesResponse:
        sources = await self._reads.frames.switch(
            request.run_id,
            request.worker_id,
            request.on if request.HasField("on") else None,
            request.layout if request.HasField("layout") else None,
            request.place if request.HasField("place") else None,
        )
        return sources_to_pb(sources)


def _read_series(folder: RunFolder, request: SeriesRequest) -> tuple[list[Series], list[reading.Series]]:
    """Return series and their messages: made in the thread that reads them, since they can be large."""
    series = read_series(folder, request)
    return series, list(map(series_to_pb, series))
