"""The gRPC face of the trainer: servicers, converters, clients. The only room that imports protobuf.

The names below are what other programs use; they are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.rpc.address import LOOPBACK, choose_port
    from gym_gui.rpc.aio_client import AsyncTrainerClient
    from gym_gui.rpc.bulk import archive_run, find_runs, for_each_run, lines_of_runs, series_of_runs, watch_rows
    from gym_gui.rpc.channel import credentials_metadata, daemon_channel
    from gym_gui.rpc.client import TrainerClient
    from gym_gui.rpc.contexts import LOCAL_CONTEXT, Contexts
    from gym_gui.rpc.file_copies import copy_file, first_bytes
    from gym_gui.rpc.lifecycle import daemon_status, stop_daemon
    from gym_gui.rpc.messages import summary_to_pb
    from gym_gui.rpc.offers import checkpoints_of, environments_of
    from gym_gui.rpc.remote import RemoteDaemon, check_address
    from gym_gui.rpc.run_group import Prepare, RunGroup
    from gym_gui.rpc.start import start_daemon
    from gym_gui.rpc.tls import TlsFiles
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "AsyncTrainerClient": "aio_client",
            "watch_rows": "bulk",
            "series_of_runs": "bulk",
            "lines_of_runs": "bulk",
            "first_bytes": "file_copies",
            "copy_file": "file_copies",
            "Contexts": "contexts",
            "LOCAL_CONTEXT": "contexts",
            "LOOPBACK": "address",
            "Prepare": "run_group",
            "RemoteDaemon": "remote",
            "RunGroup": "run_group",
            "TlsFiles": "tls",
            "TrainerClient": "client",
            "archive_run": "bulk",
            "check_address": "remote",
            "checkpoints_of": "offers",
            "choose_port": "address",
            "credentials_metadata": "channel",
            "daemon_channel": "channel",
            "daemon_status": "lifecycle",
            "environments_of": "offers",
            "find_runs": "bulk",
            "for_each_run": "bulk",
            "start_daemon": "start",
            "stop_daemon": "lifecycle",
            "summary_to_pb": "messages",
        },
    )

__all__ = [
    "LOCAL_CONTEXT",
    "LOOPBACK",
    "AsyncTrainerClient",
    "Contexts",
    "Prepare",
    "RemoteDaemon",
    "RunGroup",
    "TlsFiles",
    "TrainerClient",
    "archive_run",
    "check_address",
    "checkpoints_of",
    "choose_port",
    "copy_file",
    "credentials_metadata",
    "daemon_channel",
    "daemon_status",
    "environments_of",
    "find_runs",
    "first_bytes",
    "for_each_run",
    "lines_of_runs",
    "series_of_runs",
    "start_daemon",
    "stop_daemon",
    "summary_to_pb",
    "watch_rows",
]
