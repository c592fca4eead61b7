"""The trainer daemon: takes runs, decides when each starts, keeps their proxies alive, tells clients of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.trainer._deletion import delete_run
    from gym_gui.trainer.all_problems import check_run_config
    from gym_gui.trainer.allocation import Allocation, Capacity, Placement, QueuedRun
    from gym_gui.trainer.certificate import Validity, read_validity
    from gym_gui.trainer.client_calls import ClientCalls
    from gym_gui.trainer.daemon import Endpoint, TrainerDaemon
    from gym_gui.trainer.daemon_status import DaemonStatus
    from gym_gui.trainer.demand import Demand, reasons_at_submission
    from gym_gui.trainer.disk_quota import folder_size, quota_note
    from gym_gui.trainer.feed import FeedQuery
    from gym_gui.trainer.finalize import is_run_over
    from gym_gui.trainer.forecast import Forecast, forecast_in_words
    from gym_gui.trainer.gpus import find_gpus
    from gym_gui.trainer.home import DaemonHome, DaemonInfo
    from gym_gui.trainer.installs import InstalledEnvironment, Installs
    from gym_gui.trainer.inventory import read_inventory
    from gym_gui.trainer.live_marks import LiveRuns
    from gym_gui.trainer.loading import Loading
    from gym_gui.trainer.machine import THIS_MACHINE, Inventory, Machine
    from gym_gui.trainer.machine_report import MachineReport, MachineRun, MachineState
    from gym_gui.trainer.reads import Reads
    from gym_gui.trainer.registry import Registry
    from gym_gui.trainer.registry_damage import damaged_copies
    from gym_gui.trainer.registry_reader import RegistryReader, examine_registry, open_registry_readonly
    from gym_gui.trainer.run_table import RunTable
    from gym_gui.trainer.scheduler import decide
    from gym_gui.trainer.studies import Studies, StudyRequest
    from gym_gui.trainer.submission import RunRequest
    from gym_gui.trainer.trainer import Trainer
    from gym_gui.trainer.why import Explanation, explain_state, phase_text, stalled_since
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "Allocation": "allocation",
            "Capacity": "allocation",
            "ClientCalls": "client_calls",
            "DaemonHome": "home",
            "DaemonInfo": "home",
            "DaemonStatus": "daemon_status",
            "Demand": "demand",
            "Endpoint": "daemon",
            "Explanation": "why",
            "FeedQuery": "feed",
            "Forecast": "forecast",
            "InstalledEnvironment": "installs",
            "Installs": "installs",
            "Inventory": "machine",
            "LiveRuns": "live_marks",
            "Loading": "loading",
            "Machine": "machine",
            "MachineReport": "machine_report",
            "MachineRun": "machine_report",
            "MachineState": "machine_report",
            "Placement": "allocation",
            "QueuedRun": "allocation",
            "Reads": "reads",
            "Registry": "registry",
            "RegistryReader": "registry_reader",
            "RunRequest": "submission",
            "RunTable": "run_table",
            "Studies": "studies",
            "StudyRequest": "studies",
            "THIS_MACHINE": "machine",
            "Trainer": "trainer",
            "TrainerDaemon": "daemon",
            "Validity": "certificate",
            "check_run_config": "all_problems",
            "damaged_copies": "registry_damage",
            "decide": "scheduler",
            "delete_run": "_deletion",
            "examine_registry": "registry_reader",
            "explain_state": "why",
            "find_gpus": "gpus",
            "forecast_in_words": "forecast",
            "folder_size": "disk_quota",
            "is_run_over": "finalize",
            "open_registry_readonly": "registry_reader",
            "phase_text": "why",
            "quota_note": "disk_quota",
            "read_inventory": "inventory",
            "read_validity": "certificate",
            "reasons_at_submission": "demand",
            "stalled_since": "why",
        },
    )

__all__ = [
    "THIS_MACHINE",
    "Allocation",
    "Capacity",
    "ClientCalls",
    "DaemonHome",
    "DaemonInfo",
    "DaemonStatus",
    "Demand",
    "Endpoint",
    "Explanation",
    "FeedQuery",
    "Forecast",
    "InstalledEnvironment",
    "Installs",
    "Inventory",
    "LiveRuns",
    "Loading",
    "Machine",
    "MachineReport",
    "MachineRun",
    "MachineState",
    "Placement",
    "QueuedRun",
    "Reads",
    "Registry",
    "RegistryReader",
    "RunRequest",
    "RunTable",
    "Studies",
    "StudyRequest",
    "Trainer",
    "TrainerDaemon",
    "Validity",
    "check_run_config",
    "damaged_copies",
    "decide",
    "delete_run",
    "examine_registry",
    "explain_state",
    "find_gpus",
    "folder_size",
    "forecast_in_words",
    "is_run_over",
    "open_registry_readonly",
    "phase_text",
    "quota_note",
    "read_inventory",
    "read_validity",
    "reasons_at_submission",
    "stalled_since",
]
