"""What is done to workers and about a machine: by the command line here, and by the jobs of a daemon.

Each function takes the home, the worker's name, the options of its kind, and what hears of the progress; it returns the
document that its command prints with ``--json``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import ConfigError

if TYPE_CHECKING:
    from gym_gui.jobs import CheckOptions, DryRunOptions, InstallRequest, JobLog
    from gym_gui.workers import InstallProgress
    from gym_gui.workers.conformance import Report, RuleResult
    from gym_gui.workers.environments import WorkerEnvironment


def install_here(
    home: Path,
    name: str,
    request: InstallRequest,
    progress: InstallProgress,
    requirements: Path | None = None,
) -> WorkerEnvironment:
    """Install a worker into an environment of its own in a home of this machine.

    Args:
        home: The home.
        name: The worker; ``name[extra]`` for optional dependencies.
        request: The options; paths are of this machine.
        progress: Hears of the steps.
        requirements: File of requirements to install with it.

    Raises:
        UsageError: The request cannot be met.
        MosaicError: A step failed, or the worker does not work.
    """
    from gym_gui.analysis import pythons_in_use
    from gym_gui.workers import InstallOptions, install_worker
    from gym_gui.workers.environments import find_source, read_additions

    source = find_source(name, request.origin)
    additions = read_additions(tuple(request.packages), requirements)
    options = InstallOptions(python=request.python, editable=request.editable, additions=additions)
    return install_worker(home, source, options, progress, lambda: pythons_in_use(home))


def install(home: Path, name: str, options: InstallRequest, log: JobLog) -> dict[str, Any]:
    """Install a worker as a job."""
    with tempfile.TemporaryDirectory(prefix="mosaic-job-") as scratch:
        path = None
        if options.requirements is not None:
            path = Path(scratch) / "requirements.txt"
            path.write_text(options.requirements, "utf-8")
        return install_here(home, name, options, log, path).to_dict()


def remove(home: Path, name: str, _options: Any, log: JobLog) -> dict[str, Any]:
    """Remove a worker's own environments as a job."""
    log.begin(f"remove the environments of {name}")
    return remove_here(home, name)


def remove_here(home: Path, name: str) -> dict[str, Any]:
    """Remove a worker's own environments from a home of this machine.

    Args:
        home: The home.
        name: The worker.

    Returns:
        Worker, folder and bytes that were freed.

    Raises:
        UsageError: It has none, or something runs in one of them.
        MosaicError: The disk refused.
    """
    from gym_gui.analysis import pythons_in_use
    from gym_gui.workers.environments import find_environment, remove_worker

    folder = find_environment(home, name)
    freed = remove_worker(folder, lambda: pythons_in_use(home))
    return {"worker": folder.name, "removed": str(folder.path), "freed_bytes": freed}


def check_here(
    home: Path,
    name: str,
    options: CheckOptions,
    *,
    on_stage: Callable[[str], None],
    on_result: Callable[[RuleResult], None] | None,
    folder: Path | None = None,
) -> Report:
    """Examine a worker as MOSAIC runs it.

    Args:
        home: The home.
        name: The worker.
        options: What to check.
        on_stage: Told in words what is being done.
        on_result: Called with each finding.
        folder: The folder of a worker's project, to check that instead of an installed worker.

    Raises:
        UsageError: There is no such worker or finding.
        ConfigError: The settings are not valid.
    """
    from gym_gui.workers import WorkerCatalog, ended_by_signals, parse_settings
    from gym_gui.workers.conformance import check_worker, choose_rules, record_of_project

    choose_rules(options.only)
    catalog = WorkerCatalog(home, persist=False)
    if folder is not None:
        record = record_of_project(folder, catalog)
    else:
        record = catalog.get(name, on_probe=lambda name: on_stage(f"asking worker {name}"))
    with ended_by_signals():
        return check_worker(
            record,
            settings=parse_settings(options.settings, record),
            only=options.only,
            quick=options.quick,
            on_stage=on_stage,
            on_result=on_result,
        )


def check(home: Path, name: str, options: CheckOptions, log: JobLog) -> dict[str, Any]:
    """Examine a worker as a job."""

    def tell(result: RuleResult) -> None:
        log.add("finding", result.rule.name, data=result.to_dict())

    return check_here(home, name, options, on_stage=log.begin, on_result=tell).to_dict()


def dry_run(home: Path, name: str, options: DryRunOptions, log: JobLog) -> dict[str, Any]:
    """Check everything about a run config, the worker's own ``--dry-run`` included, as a job.

    Raises:
        ConfigError: The run would fail; every problem is listed.
    """
    from gym_gui.app._preflight import preflight
    from gym_gui.app.log_reader import readable_line
    from gym_gui.runs import with_base_environment
    from gym_gui.workers import WorkerCatalog

    def tell(line: str) -> None:
        """Show what the worker says to people; its telemetry is for machines."""
        readable = readable_line(line)
        if readable != line or not line.startswith("{"):
            log.output(readable)

    log.begin("check the run config, and let the worker try it")
    payload = with_base_environment(options.config, os.environ)
    config, problems = preflight(WorkerCatalog(home), payload, dry_run=True, on_output=tell)
    if config is None:
        raise ConfigError(
            f"the dry run of {name} found what is wrong" if problems else f"the dry run of {name} failed",
            problems,
            where=str(options.config.get("run_name") or name),
            next_step="Correct these fields and try again. Nothing was started.",
        )
    return {"valid": True, "digest": config.digest, "config": config.payload}


def doctor(home: Path, _name: str, _options: Any, log: JobLog) -> dict[str, Any]:
    """Check this machine as a job."""
    from gym_gui.app.checks import all_checks

    findings = []
    log.begin("check this machine")
    for finding in all_checks(home):
        findings.append(asdict(finding))
        log.add("finding", finding.name, data=asdict(finding))
    return {"ok": all(each["verdict"] != "broken" for each in findings), "findings": findings}
