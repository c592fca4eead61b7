"""What a proxy does for a run whose provisioner cannot be used: it never takes another in its place."""

from __future__ import annotations

from gym_gui.runs import RunFolder, RunPlan, RunState, forget_secrets
from gym_gui.supervision import Journal, NoProvisioner


def fail_run(folder: RunFolder, plan: RunPlan, error: NoProvisioner) -> bool:
    """Record a run without a provisioner as failed, unless an earlier proxy may have launched its workers.

    Args:
        folder: The run's folder.
        plan: The run.
        error: Why it has none.

    Returns:
        Whether the run has failed. If not, the reason alone is recorded: its workers may be alive where only its
        provisioner could find them.

    Raises:
        OSError: The private files cannot be removed.
    """
    cause = f"{error.what}: {error.why}; {error.next_step}"
    journal = Journal(folder, plan)
    try:
        if journal.history.proxies:
            journal.record("proxy_failed", cause=cause)
            return False
        for worker in plan.workers:
            journal.record("withdrawn", worker_id=worker.worker_id, state=RunState.FAILED.value, cause=cause)
        journal.record("state", state=RunState.FAILED.value, cause=cause)
        if not journal.flush():
            return False
    finally:
        journal.close()
    forget_secrets(folder)
    return True
