"""Supervision of a run: its processes are started, observed and signalled, their exits recorded and classified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.supervision._launcher_records import ExitRecord, StartedRecord, read_exit, read_started
    from gym_gui.supervision._run_folders import RunFolders, make_folders
    from gym_gui.supervision.attempt_watch import AttemptWatch, LogFacts
    from gym_gui.supervision.decide import is_usual
    from gym_gui.supervision.exits import FAILED_FOR_GOOD, MACHINE_LOST
    from gym_gui.supervision.facts import ExitFacts, Usage
    from gym_gui.supervision.history import RunHistory, UnknownEventError, WorkerHistory, read_history
    from gym_gui.supervision.identity import ProcessIdentity, boot_id
    from gym_gui.supervision.journal import Journal
    from gym_gui.supervision.launch import LAUNCHER, LauncherPool, build_spec
    from gym_gui.supervision.launch_locks import check_nothing_lives, held_launch_locks
    from gym_gui.supervision.liveness import ProxyProgress, ProxyPulse, last_beat, proxy_of
    from gym_gui.supervision.observed_clock import ObservedClock
    from gym_gui.supervision.processes import marked_processes
    from gym_gui.supervision.provisioner import Attempt, Launched, ProcessFacts, Provisioner, Signal
    from gym_gui.supervision.provisioners import NoProvisioner, ProvisionerFactory, load_provisioner, make_provisioner
    from gym_gui.supervision.supervisor import Supervisor
    from gym_gui.supervision.usage import UsageSampler
    from gym_gui.supervision.worker_config import resuming_argv
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "Attempt": "provisioner",
            "AttemptWatch": "attempt_watch",
            "ExitFacts": "facts",
            "FAILED_FOR_GOOD": "exits",
            "ExitRecord": "_launcher_records",
            "Journal": "journal",
            "LAUNCHER": "launch",
            "Launched": "provisioner",
            "LauncherPool": "launch",
            "LogFacts": "attempt_watch",
            "MACHINE_LOST": "exits",
            "NoProvisioner": "provisioners",
            "ObservedClock": "observed_clock",
            "ProcessFacts": "provisioner",
            "ProcessIdentity": "identity",
            "Provisioner": "provisioner",
            "ProvisionerFactory": "provisioners",
            "ProxyProgress": "liveness",
            "ProxyPulse": "liveness",
            "RunFolders": "_run_folders",
            "RunHistory": "history",
            "Signal": "provisioner",
            "StartedRecord": "_launcher_records",
            "Supervisor": "supervisor",
            "UnknownEventError": "history",
            "Usage": "facts",
            "UsageSampler": "usage",
            "WorkerHistory": "history",
            "boot_id": "identity",
            "is_usual": "decide",
            "build_spec": "launch",
            "check_nothing_lives": "launch_locks",
            "held_launch_locks": "launch_locks",
            "last_beat": "liveness",
            "load_provisioner": "provisioners",
            "make_folders": "_run_folders",
            "make_provisioner": "provisioners",
            "marked_processes": "processes",
            "proxy_of": "liveness",
            "read_exit": "_launcher_records",
            "read_history": "history",
            "read_started": "_launcher_records",
            "resuming_argv": "worker_config",
        },
    )

__all__ = [
    "FAILED_FOR_GOOD",
    "LAUNCHER",
    "MACHINE_LOST",
    "Attempt",
    "AttemptWatch",
    "ExitFacts",
    "ExitRecord",
    "Journal",
    "Launched",
    "LauncherPool",
    "LogFacts",
    "NoProvisioner",
    "ObservedClock",
    "ProcessFacts",
    "ProcessIdentity",
    "Provisioner",
    "ProvisionerFactory",
    "ProxyProgress",
    "ProxyPulse",
    "RunFolders",
    "RunHistory",
    "Signal",
    "StartedRecord",
    "Supervisor",
    "UnknownEventError",
    "Usage",
    "UsageSampler",
    "WorkerHistory",
    "boot_id",
    "build_spec",
    "check_nothing_lives",
    "held_launch_locks",
    "is_usual",
    "last_beat",
    "load_provisioner",
    "make_folders",
    "make_provisioner",
    "marked_processes",
    "proxy_of",
    "read_exit",
    "read_history",
    "read_started",
    "resuming_argv",
]
