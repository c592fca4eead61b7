# ruff: noqa: N802 - gRPC gives the methods their names
"""The gRPC methods that read runs: each reads its request, calls the trainer's reads, and writes its answer."""

from __future__ import annotations

from gym_gui.rpc.guard import answers
from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto import reading_pb2 as reading
from gym_gui.rpc.proto.reading_pb2_grpc import ReadingServiceServicer
from gym_gui.rpc.reading_messages import change_from_pb, page_to_pb, search_from_pb
from gym_gui.trainer.loading import Loading
from gym_gui.trainer.reads import Reads


class ReadingService(ReadingServiceServicer):
    """``mosaic.v1.ReadingService``.

    Args:
        reads: Reads the runs.
        loading: Calls wait for it.
    """

    def __init__(self, reads: Reads, loading: Loading) -> None:
        self._reads = reads
        self.loading = loading

    @answers
    async def SearchRuns(self, request: reading.SearchRunsRequest) -> reading.SearchRunsResponse:
        return page_to_pb(await self._reads.search(search_from_pb(request)))

    @answers
    async def AnnotateRun(self, request: reading.AnnotateRunRequest) -> pb.RunSummary:
        return summary_to_pb(await self._reads.annotate(request.run_id, change_from_pb(request), request.by))
