"""``mosaic runs tail``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import common, run_argument
from gym_gui.cli.output import echo
from gym_gui.cli.streams import fault_of
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gym_gui.telemetry import RowBatch

#: As `gym_gui.telemetry.row_stream.KINDS`, which is not imported for a help text.
_KINDS = ("step", "episode", "metric", "event")


def _kinds(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    from gym_gui.core.worker.errors import UsageError, nearest

    # Plurals are what one types.
    kinds = [word.strip().removesuffix("s") for word in value.split(",") if word.strip()]
    for kind in kinds:
        if kind not in _KINDS:
            near = nearest(kind, _KINDS)
            raise UsageError(
                f"there is no kind of telemetry named {kind!r}",
                where="--kinds",
                why=f"did you mean {near!r}?" if near else "",
                next_step=f"choose of {','.join(_KINDS)}",
            )
    return kinds


@click.command()
@run_argument
@click.option(
    "--kinds", metavar="LIST", default="", callback=_kinds, help="Of step, episode, metric and event, by commas."
)
@click.option("--new", is_flag=True, help="Only new telemetry.")
@click.option(
    "--max-rate",
    type=click.FloatRange(min=0),
    metavar="N",
    help="Steps per second at most, the newest ones; 0: every one. Default: 5000.",
)
@common
@starts_daemon
@anywhere
def tail(home: Path, run: str, kinds: list[str], new: bool, max_rate: float | None, as_json: bool) -> int:
    """Print a run's telemetry as it arrives, until the run has ended.

    Steps that come faster than --max-rate are left out, and a line says how many; episodes, metrics and events are
    never left out. With --json one object a line. Ctrl-C leaves; the run continues.
    """
    from gym_gui.cli import exits

    site = site_of(home)
    with site.runs() as source:
        run_id = source.resolve(run)
    line_of = _json_line if as_json else _text_line
    with site.connect() as client:
        try:
            for batch in client.stream(run_id, from_now=new, kinds=kinds, max_rate=max_rate):
                lines = [line_of(kind, row) for kind, row in _in_order(batch)]
                for line in lines:
                    echo(line)
                if fault_of(sys.stdout) is not None:
                    break  # the reader has gone
        except KeyboardInterrupt:
            return exits.INTERRUPTED
    return 0


def _in_order(batch: RowBatch) -> Iterator[tuple[str, Any]]:
    """Yield a batch's rows as they stand in the logs."""
    rows: list[tuple[str, int, Any]] = [("gap", gap.from_id, gap) for gap in batch.gaps]
    tables: tuple[Sequence[Any], ...] = (batch.steps, batch.episodes, batch.metrics, batch.events)
    for kind, records in zip(_KINDS, tables, strict=True):
        rows += [(kind, record.id, record) for record in records]
    for kind, _, row in sorted(rows, key=lambda each: each[1]):
        yield kind, row


def _json_line(kind: str, row: Any) -> str:
    import json

    import msgspec

    from gym_gui.app import to_json

    values = {name: value for name, value in msgspec.to_builtins(row).items() if value is not None and value != {}}
    for name in ("action", "observation"):
        if name in values:
            values[name] = json.loads(values[name])
    return to_json({"kind": kind, **values})


def _text_line(kind: str, row: Any) -> str:
    from gym_gui.telemetry import row_place

    if kind == "gap":
        return f"{row.worker_id:<8} … {row.count:,} steps left out (runs tail --max-rate 0 shows every one)"
    values: dict[str, Any]
    if kind == "step":
        ends = "terminated" if row.terminated else "truncated" if row.truncated else None
        number, values = row.step_index, {"ep": row.ep_index, "agent": row.agent_id, "reward": row.reward,
                                          "action": row.action, "": ends}  # fmt: skip
    elif kind == "episode":
        phase = None if row.phase == "train" else row.phase
        number, values = row.ep_index, {"return": row.total_reward, "steps": row.steps, "agent": row.agent_id,
                                        "": phase}  # fmt: skip
    elif kind == "metric":
        number, values = row.step, {row.name: row.value}
    else:
        cause = row.extra.get("state") if not row_place(row.id).worker_no else None
        number, values = "", {"": " ".join(filter(None, (row.event, cause)))}
    figures = "  ".join(f"{name} {_short(value)}".strip() for name, value in values.items() if value is not None)
    return f"{row.worker_id or '-':<8} {kind:<8} {'' if number is None else number!s:>9}  {figures}"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
