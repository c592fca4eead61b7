"""What is done to a run that has ended, as jobs: followed by another, recounted, rebuilt, archived, restored.

Each function takes the home, the run's id, the options of its kind, what hears of the progress, and who asked for it;
it returns the document that its command prints with ``--json``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from gym_gui.jobs import FollowOptions, JobLog


def resume(home: Path, run_id: str, options: FollowOptions, log: JobLog, by: str) -> dict[str, Any]:
    """Continue from a run's checkpoint, as a new run."""
    return _follow_up(home, run_id, "resume", options, log, by)


def evaluate(home: Path, run_id: str, options: FollowOptions, log: JobLog, by: str) -> dict[str, Any]:
    """Measure a run's checkpoint, as a new run."""
    return _follow_up(home, run_id, "evaluate", options, log, by)


def verify(home: Path, run_id: str, _options: Any, log: JobLog, _by: str) -> dict[str, Any]:
    """Recount a run's raw logs and compare with the database."""
    from gym_gui.runs import RunFolder
    from gym_gui.telemetry.verify import verify_run

    log.begin("recount the raw logs")
    report = verify_run(RunFolder.of(home, run_id))
    for log_report in report.logs:
        log.output(f"{log_report.path}: {log_report.recounted.lines:,} lines")
        for problem in log_report.problems:
            log.output(f"problem: {problem}")
    for problem in report.problems:
        log.output(f"problem: {problem}")
    return report.to_dict()


def reindex(home: Path, run_id: str, _options: Any, log: JobLog, _by: str) -> dict[str, Any]:
    """Rebuild a run's database from its raw logs."""
    import msgspec

    from gym_gui.proxy import reindex_run
    from gym_gui.runs import RunFolder

    log.begin("rebuild the database from the raw logs")
    report: dict[str, Any] = msgspec.to_builtins(reindex_run(RunFolder.of(home, run_id)))
    return report


def archive(home: Path, run_id: str, _options: Any, log: JobLog, _by: str) -> dict[str, Any]:
    """Archive a run as a .tar.gz file in the home, then remove it."""
    from gym_gui.analysis import archive_run, check_deletable, delete_run, folder_bytes, get_run

    check_deletable(home, get_run(home, run_id))
    size = folder_bytes(home, run_id)
    log.begin("write the archive, and compare it with the run")
    path = archive_run(home, run_id, home / "archive")
    log.begin("remove the run")
    delete_run(home, run_id)
    return {"run_id": run_id, "bytes": size, "archive": str(path)}


def restore(home: Path, run_id: str, _options: Any, log: JobLog, _by: str) -> dict[str, Any]:
    """Bring a run back from its archive in the home, which stays there."""
    from gym_gui.analysis import find_archive, restore_run

    path = find_archive(home / "archive", run_id)
    log.begin("compare the archive with its hash, and unpack it")
    return {"run_id": restore_run(home, path), "archive": str(path)}


def _follow_up(home: Path, run_id: str, mode: str, options: FollowOptions, log: JobLog, by: str) -> dict[str, Any]:
    from gym_gui.analysis import continue_run, get_run
    from gym_gui.app._preflight import preflight
    from gym_gui.rpc import TrainerClient
    from gym_gui.runs import with_base_environment
    from gym_gui.workers import WorkerCatalog

    state = get_run(home, run_id).state
    if not state.terminal:
        raise UsageError(
            f"run {run_id} has not ended", why=f"it is {state.value}", next_step="wait for it, or cancel it first"
        )
    catalog = WorkerCatalog(home)
    log.begin("find the checkpoints")
    new = continue_run(
        home,
        run_id,
        mode,
        catalog,
        checkpoint=Path(options.checkpoint) if options.checkpoint else None,
        steps=options.steps,
        episodes=options.episodes,
        strict=options.strict,
    )
    for start in new.starts:
        log.note(f"worker {start.worker_id} begins with {start.checkpoint.path}")
        for difference in start.differences:
            log.note(f"warning: another version than that of the checkpoint: {difference}")
    payload = with_base_environment(new.payload, os.environ)
    log.begin("check the config with its worker")
    config, problems = preflight(catalog, payload, dry_run=True, on_output=log.output)
    if config is None:
        raise ConfigError(
            f"the run cannot be {'continued' if mode == 'resume' else 'evaluated'}",
            problems,
            where=f"run {run_id}",
            next_step=f"from a shell, with changes: mosaic {mode} {run_id} --help",
        )
    log.begin("submit the new run")
    with TrainerClient.connect(home) as client:
        new_id = client.submit(payload, submitter=by or None, parent_run_id=run_id, argv=())
    return {"run_id": new_id, "checkpoints": [start.to_dict() for start in new.starts]}
