"""The workers of a run, their agents and their attempts, as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from gym_gui.app import spread_text
from gym_gui.cli._palette import STATE_STYLES
from gym_gui.cli.output import rich_text
from gym_gui.cli.table import Column, add_row
from gym_gui.look import figures
from gym_gui.runs import AgentSummary, ExitStatus, RunSummary


def each_of(names: Iterable[str]) -> str:
    """Return names, each once, those that are empty left out."""
    return ", ".join(name for name in dict.fromkeys(names) if name)


def workers_table(run: RunSummary) -> list[Column]:
    """Return the workers."""

    rows: list[dict[str, Text | str]] = [
        {
            "worker": worker.worker_id,
            "type": worker.worker_type,
            "state": rich_text(worker.state.value, style=STATE_STYLES[worker.state.value]),
            "exit": exit_text(worker.exit) or figures.NOTHING,
            "attempt": str(worker.attempt),
            "pid": str(worker.pid or figures.NOTHING),
            "steps": figures.count(worker.steps),
            "episodes": figures.count(worker.episodes),
            "return": figures.decimal(worker.mean_return_100),
            "cpu": figures.duration(worker.cpu_seconds),
            "memory": figures.size(worker.memory_bytes),
            "evaluation": spread_text(worker.evaluation) if worker.evaluation is not None else figures.NOTHING,
        }
        for worker in run.workers
    ]
    columns = [
        Column("worker"), Column("type", shortest=4, rank=6), Column("state"), Column("exit", rank=4),
        Column("attempt", right=True, rank=2), Column("pid", right=True, rank=5), Column("steps", right=True),
        Column("episodes", right=True), Column("return", right=True), Column("cpu", right=True, rank=1),
        Column("memory", right=True, rank=3),
    ]  # fmt: skip
    if any(worker.eval_episodes for worker in run.workers):
        columns.append(Column("evaluation", right=True))
    for column in columns:
        column.cells = [row[column.header] for row in rows]
    return columns


def agents_table(run: RunSummary) -> list[Column]:
    """Return the agents of workers whose environments have several."""

    columns = [
        Column("worker"), Column("agent", shortest=8), Column("episodes", right=True), Column("return", right=True),
        Column("evaluation", right=True),
    ]  # fmt: skip
    for worker in run.workers:
        for agent in worker.agents:
            add_row(
                columns,
                worker.worker_id, agent.agent_id, figures.count(agent.episodes), figures.decimal(agent.mean_return_100),
                _evaluation(agent),
            )  # fmt: skip
    return columns


def attempts_table(run: RunSummary) -> list[Column]:
    """Return the attempts of the workers that had several; what each printed: ``mosaic runs logs RUN --attempt N``."""

    columns = [Column("worker"), *(Column(name, right=True) for name in
               ("attempt", "took", "lines", "steps", "episodes", "return"))]  # fmt: skip
    for worker in run.workers:
        for one in worker.attempts if len(worker.attempts) > 1 else ():
            took = None if one.started_at is None or one.ended_at is None else one.ended_at - one.started_at
            add_row(
                columns,
                worker.worker_id, str(one.attempt), figures.duration(took), figures.count(one.lines),
                figures.count(one.steps), figures.count(one.episodes), figures.decimal(one.mean_return_100),
            )  # fmt: skip
    return columns


def exit_text(status: ExitStatus | None) -> str:
    """Return how a process ended, in a few words."""
    if status is None:
        return ""
    known = f"signal {status.signal}" if status.signal else "unknown" if status.code is None else f"code {status.code}"
    return f"{known} ({status.reason})" if status.reason else known


def _evaluation(who: AgentSummary) -> str:
    if not who.eval_episodes:
        return figures.NOTHING
    return f"{figures.decimal(who.eval_mean_return)} over {figures.count(who.eval_episodes)} episodes"
