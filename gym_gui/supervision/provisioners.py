"""Choice of a run's provisioner: this machine's, or the class that its executor names."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs import RunFolder, RunPlan
from gym_gui.supervision.local_provisioner import LocalProvisioner
from gym_gui.supervision.provisioner import Provisioner

#: Makes a provisioner of a run's folder, the run, and the supervisor's clock (monotonic, seconds).
ProvisionerFactory = Callable[[RunFolder, RunPlan, Callable[[], float]], Provisioner]


class NoProvisioner(MosaicError):  # noqa: N818 - it names what is missing
    """A run's provisioner cannot be used."""


def make_provisioner(folder: RunFolder, plan: RunPlan, clock: Callable[[], float]) -> Provisioner:
    """Return a new provisioner of the kind that is recorded with a run.

    Args:
        folder: The run's folder.
        plan: The run.
        clock: Monotonic clock, seconds: the supervisor's.

    Raises:
        NoProvisioner: It cannot be imported or created.
    """
    if not plan.provisioner:
        return LocalProvisioner(folder, plan, clock)
    try:
        return load_provisioner(plan.provisioner)(folder, plan, clock)
    except Exception as error:
        raise NoProvisioner(
            f"the provisioner {plan.provisioner} of executor {plan.executor!r} cannot be used",
            where=f"run {plan.run_id}",
            why=f"{type(error).__name__}: {error}",
            next_step="reinstall the package that brings the executor, then submit the run again: mosaic doctor",
        ) from error


def load_provisioner(target: str) -> ProvisionerFactory:
    """Import a provisioner's class.

    Args:
        target: Module and class, e.g. ``"my_cluster.provisioner:ClusterProvisioner"``.

    Raises:
        TypeError: It is not a complete provisioner.
        Exception: Anything else, where its module cannot be imported.
    """
    import importlib
    import inspect

    module, _, path = target.partition(":")
    found: object = importlib.import_module(module)
    for name in filter(None, path.split(".")):
        found = getattr(found, name)
    if not (isinstance(found, type) and issubclass(found, Provisioner)):
        raise TypeError(f"{target} is not a subclass of gym_gui.supervision.provisioner.Provisioner")
    if inspect.isabstract(found):
        raise TypeError(f"{target} lacks {', '.join(sorted(found.__abstractmethods__))}")
    return cast("ProvisionerFactory", found)
