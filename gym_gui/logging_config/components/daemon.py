"""Log constants of the trainer daemon (LOG1101-1150)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_daemon = Family("Trainer", "Daemon", "daemon")
_run = Family("Trainer", "Runs", "daemon", "run")

LOG_DAEMON_STARTED = _daemon(1101, "INFO", "Trainer daemon started", "lifecycle")
LOG_DAEMON_STOPPED = _daemon(1102, "INFO", "Trainer daemon stopped", "lifecycle")
LOG_DAEMON_IDLE = _daemon(1103, "INFO", "Trainer daemon is idle and stops", "lifecycle")
LOG_DAEMON_ADDRESS_IN_USE = _daemon(1104, "WARNING", "The daemon's port is in use; another one was chosen", "port")
LOG_DAEMON_RECONCILED = _daemon(1105, "INFO", "Registry reconciled with the run folders", "reconcile")
LOG_DAEMON_UNAUTHORIZED = _daemon(1106, "WARNING", "A call without the home's token was refused", "security")
LOG_DAEMON_CALL_FAILED = _daemon(1107, "ERROR", "A call to the daemon failed", "rpc", "error")
LOG_DAEMON_RUN_SUBMITTED = _run(1108, "INFO", "Run submitted", "submit")
LOG_DAEMON_RUN_REJECTED = _run(1109, "WARNING", "Run config rejected", "submit", "error")
LOG_DAEMON_RUN_DISPATCHED = _run(1110, "INFO", "Run handed to its proxy", "dispatch")
LOG_DAEMON_RUN_STATE = _run(1111, "INFO", "Run changed its state", "state")
LOG_DAEMON_RUN_CANCEL_REQUESTED = _run(1112, "INFO", "Cancellation of a run requested", "cancel")
LOG_DAEMON_RUN_LOST = _run(1113, "ERROR", "Run lost: its end was not observed", "state", "error")
LOG_DAEMON_PROXY_RESTARTED = _run(1114, "WARNING", "A run's proxy was replaced", "proxy")
LOG_DAEMON_DISK_QUOTA_NEAR = _run(1115, "WARNING", "A run's folder has nearly used up its disk quota", "disk")
LOG_DAEMON_DISK_QUOTA_REACHED = _run(1116, "WARNING", "Disk quota reached: steps are not recorded", "disk", "quota")
LOG_DAEMON_LOGS_KEPT = _run(1117, "INFO", "Log retention of an ended run is done", "logs")
LOG_DAEMON_LOGS_NOT_KEPT = _run(1118, "WARNING", "Log retention of an ended run failed", "logs", "error")
LOG_DAEMON_PROXY_HUNG = _run(1119, "WARNING", "A run's proxy makes no progress; it is replaced", "proxy", "error")
LOG_DAEMON_REGISTRY_REPLACED = _daemon(
    1120, "WARNING", "The registry is unusable: it is renamed and rebuilt from the run folders", "registry"
)
LOG_DAEMON_EXECUTOR_BROKEN = _daemon(1121, "ERROR", "An installed executor cannot be used", "executor", "error")
LOG_DAEMON_MACHINES_REFUSED = _daemon(1122, "WARNING", "An executor's machines cannot be used", "executor", "error")
LOG_FLEET_LEASE_GRANTED = _run(1123, "INFO", "A machine has taken a run's worker", "fleet", "lease")
LOG_FLEET_LEASE_ENDED = _run(1124, "INFO", "A machine's lease on a run's worker has ended", "fleet", "lease")
LOG_FLEET_MACHINE_ENROLLED = _daemon(1125, "INFO", "A machine was enrolled", "fleet", "security")
LOG_FLEET_RAY_CONNECTED = _daemon(1126, "INFO", "Connected to a Ray cluster", "fleet", "ray")
LOG_FLEET_RAY_LOST = _daemon(1127, "WARNING", "The connection to a Ray cluster was lost", "fleet", "ray")
LOG_FLEET_RAY_ACTOR_LOST = _run(1128, "WARNING", "An actor of a run on a Ray cluster is gone", "fleet", "ray")
LOG_FLEET_SLURM_JOB_SUBMITTED = _run(1129, "INFO", "A run's worker was submitted to Slurm", "fleet", "slurm")
LOG_FLEET_ENVIRONMENT_BUILT = _run(1131, "INFO", "A machine builds the environment of a worker", "fleet", "environment")
LOG_FLEET_SLURM_JOB_LOST = _run(1130, "WARNING", "A Slurm job of a run ended before its worker did", "fleet", "slurm")
