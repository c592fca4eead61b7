"""What ``resume`` and ``evaluate`` have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.analysis import Continuation


def follow_up(
    home: Path,
    reference: str,
    mode: str,
    *,
    steps: int | None = None,
    episodes: int | None = None,
    settings: tuple[str, ...] = (),
    checkpoint: Path | None = None,
    strict: bool = False,
    overrides: Callable[[dict[str, Any]], dict[str, Any]],
    detach: bool,
    check: bool,
    as_json: bool,
) -> int:
    """Make a run that follows from another, submit it, and stay with it.

    Args:
        home: The home.
        reference: Which run: id, prefix or ``latest``.
        mode: ``resume`` or ``evaluate``.
        steps: Steps beyond the checkpoint's.
        episodes: Evaluation episodes.
        settings: Those of ``--set``.
        checkpoint: Which checkpoint.
        strict: Refuse one that was saved with other versions of libraries.
        overrides: Changes the new run's config as the command line says.
        detach: Leave at once.
        check: Let the worker check its config.
        as_json: Print JSON.

    Returns:
        The exit code.
    """
    from gym_gui.analysis import continue_run, get_run, resolve_run
    from gym_gui.app import LocalSite
    from gym_gui.cli.output import say, waiting
    from gym_gui.cli.submission import SubmitCommand
    from gym_gui.core.worker.errors import UsageError

    run_id = resolve_run(home, reference)
    state = get_run(home, run_id).state
    if not state.terminal:
        raise UsageError(
            f"run {run_id} has not ended",
            why=f"it is {state.value}",
            next_step=f"wait for it (mosaic runs watch {run_id}) or end it (mosaic runs cancel {run_id})",
        )
    site = LocalSite(home)
    new = continue_run(
        home,
        run_id,
        mode,
        site.catalog,
        checkpoint=checkpoint,
        steps=steps,
        episodes=episodes,
        settings=settings,
        strict=strict,
    )
    _say_differences(new)
    submission = SubmitCommand(
        site,
        [overrides(new.payload)],
        parent_run_id=run_id,
        where=f"from run {run_id}",
        details={"checkpoints": [start.to_dict() for start in new.starts]},
    )
    submission.check(dry_run_workers=check, waiting=waiting)
    for start in new.starts:
        say(f"worker {start.worker_id} begins with {start.checkpoint.path}")
    return submission.go(detach=detach, as_json=as_json)


def _say_differences(new: Continuation) -> None:
    """Warn of versions before a worker loads anything: it may fail on them, or behave otherwise without a word."""
    from gym_gui.cli.output import say

    for start in new.starts:
        if start.differences:
            differences = "; ".join(str(difference) for difference in start.differences)
            say(f"warning: worker {start.worker_id} begins with a checkpoint of other versions: {differences}")
    if any(start.differences for start in new.starts):
        say("         if it fails or behaves otherwise, install those versions; --strict refuses such checkpoints")
