"""Learning curves of a stream of summaries, whole again on the side that receives them as differences."""

from __future__ import annotations

from gym_gui.rpc.messages import summary_from_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs import CurvePoint, RunSummary


class MissingPointsError(ValueError):
    """A curve continues one that this stream has not sent."""


class ReceivedCurves:
    """The curves of the newest summary of each run that one stream has brought and that has not ended."""

    def __init__(self) -> None:
        self._curves: dict[str, dict[str, tuple[CurvePoint, ...]]] = {}

    def read(self, message: pb.RunSummary) -> RunSummary:
        """Return the summary that a message carries, with whole curves.

        Args:
            message: The stream's next message.

        Raises:
            MissingPointsError: It continues a curve that has not come, or has fewer points.
            ValueError: It holds a state that is unknown here.
        """
        run = summary_from_pb(message)
        before = self._curves.pop(run.run_id, {})
        for worker, sent in zip(run.workers, message.workers, strict=True):
            if sent.kept_points:
                points = before.get(worker.worker_id, ())
                if not 0 < sent.kept_points <= len(points):
                    raise MissingPointsError(
                        f"worker {worker.worker_id} continues {sent.kept_points} points of a curve, not {len(points)}"
                    )
                worker.curve = [*points[: sent.kept_points], *worker.curve]
        if not run.state.terminal:
            self._curves[run.run_id] = {worker.worker_id: tuple(worker.curve) for worker in run.workers}
        return run
