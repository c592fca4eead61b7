"""Workers of a run and their agents, a row each, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gym_gui.app.run_columns import state_text
from gym_gui.look import figures
from gym_gui.runs import AgentSummary, RunSummary, WorkerSummary


@dataclass(frozen=True)
class WorkerRow:
    """One agent of a worker; a worker with one agent has an empty one.

    Args:
        worker: The worker.
        agent: Its agent.
        device: What the worker computes on.
    """

    worker: WorkerSummary
    agent: AgentSummary
    device: str

    @property
    def kind(self) -> str:
        """Kind of the worker, algorithm and environment."""
        parts = (self.worker.worker_type, self.worker.algorithm, self.worker.env_id)
        return " · ".join(part for part in parts if part)

    @property
    def state(self) -> str:
        """State, and the phase before the first steps."""
        text = state_text(self.worker.state.value)
        return f"{text}: {self.worker.phase}" if self.worker.phase else text

    @property
    def mean_return(self) -> float | None:
        """Mean return of the last training episodes, else of the evaluation."""
        agent = self.agent
        return agent.eval_mean_return if agent.mean_return_100 is None else agent.mean_return_100

    @property
    def ended(self) -> str:
        """Why the worker ended; empty while it goes on."""
        end, exit_ = "", self.worker.exit
        if exit_ is not None and exit_.signal is not None:
            end = f"signal {exit_.signal}"
        elif exit_ is not None and exit_.code is not None:
            end = f"exit code {exit_.code}"
        return "; ".join(part for part in (end, self.worker.cause) if part) if self.worker.state.terminal else ""


def rows_of_workers(run: RunSummary, devices: Mapping[str, str]) -> list[WorkerRow]:
    """Return a row for each agent of each worker.

    Args:
        run: The run.
        devices: By worker, as far as they are known.
    """
    return [
        WorkerRow(worker, agent, devices.get(worker.worker_id, figures.NOTHING))
        for worker in run.workers
        for agent in worker.agents or [_only_agent(worker)]
    ]


def _only_agent(worker: WorkerSummary) -> AgentSummary:
    return AgentSummary(
        agent_id="",
        episodes=worker.episodes,
        mean_return_100=worker.mean_return_100,
        eval_episodes=worker.eval_episodes,
        eval_mean_return=worker.eval_mean_return,
    )


def workers_text(run: RunSummary, rows: Sequence[WorkerRow]) -> str:
    """Return how many workers and agents a run has; empty: one."""
    agents = f", {len(rows)} agents" if len(rows) > len(run.workers) else ""
    return f"{len(run.workers)} workers{agents}" if len(rows) > 1 else ""
