"""The environment variables of a script."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleanrl_worker.config import CleanRLWorkerConfig

#: What the worker's own events go by; a script that speaks the protocol itself would write into the same log.
_OWN = ("MOSAIC_LOG",)


def script_environment(config: CleanRLWorkerConfig, descriptor: int, period: int) -> dict[str, str]:
    """Return the variables that a script is given.

    Args:
        config: The run's config.
        descriptor: Where its environments' steps and episodes go.
        period: Steps of every so many-th episode are sent; 0 sends none.
    """
    variables = {name: value for name, value in os.environ.items() if name not in _OWN}
    hook = {"descriptor": descriptor, "period": period, "observations": config.observations}
    variables["CLEANRL_WORKER_HOOK"] = json.dumps(hook)
    variables["CLEANRL_WORKER_PID"] = str(os.getpid())
    if config.torch_threads:
        variables.setdefault("OMP_NUM_THREADS", str(config.torch_threads))
    if config.wandb != "off":
        variables["WANDB_MODE"] = config.wandb
    return variables
