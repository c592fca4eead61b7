"""What ``resume`` and ``evaluate`` have in common."""

from __future__ import annotations

from pathlib import Path


def follow_up(
    home: Path,
    reference: str,
    mode: str,
    *,
    steps: int | None = None,
    episodes: int | None = None,
    checkpoint: Path | None = None,
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
        checkpoint: Which checkpoint.
        detach: Leave at once.
        check: Let the worker check its config.
        as_json: Print JSON.

    Returns:
        The exit code.
    """
    from gym_gui.analysis.continuation import continue_run
    from gym_gui.analysis.queries import get_run, resolve_run
    from gym_gui.cli.output import say
    from gym_gui.cli.submission import Submission
    from gym_gui.core.worker.errors import UsageError
    from gym_gui.workers.catalog import WorkerCatalog

    run_id = resolve_run(home, reference)
    state = get_run(home, run_id).state
    if not state.terminal:
        raise UsageError(
            f"run {run_id} has not ended",
            why=f"it is {state.value}",
            next_step=f"wait for it (mosaic runs watch {run_id}) or end it (mosaic runs cancel {run_id})",
        )
    catalog = WorkerCatalog(home, persist=False)
    new = continue_run(home, run_id, mode, catalog, checkpoint=checkpoint, steps=steps, episodes=episodes)
    submission = Submission(home, catalog, [new.payload], parent_run_id=run_id, where=f"from run {run_id}")
    submission.check(dry_run_workers=check)
    for worker_id, path in new.checkpoints.items():
        say(f"worker {worker_id} begins with {path}")
    return submission.go(detach=detach, as_json=as_json)
