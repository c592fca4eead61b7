"""MOSAIC's XuanCe worker: the library's algorithms by name, for one agent and for several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import XuanceWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import XuanceWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="XuanCe",
        version=__version__,
        description="XuanCe's algorithms by name, for one agent and for several.",
        author="MOSAIC contributors",
        homepage="https://xuance.readthedocs.io",
        upstream_library="xuance",
        upstream_version="1.4.4",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="xuance",
        supported_paradigms=("sequential", "parameter_sharing", "independent"),
        env_families=("gymnasium", "pettingzoo"),
        action_spaces=("discrete", "continuous"),
        observation_spaces=("vector", "discrete", "dict"),
        max_agents=64,
        supports_checkpointing=True,
        supports_pause_resume=True,
        supports_gpu=True,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=900,
        determinism="exact",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    # Imported when asked for: what reads the metadata or the config does not load the library.
    if name == "XuanceWorkerRuntime":
        from .runtime import XuanceWorkerRuntime

        return XuanceWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["XuanceWorkerConfig", "XuanceWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
