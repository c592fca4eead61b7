"""MOSAIC's GOLIAT worker: a study of GOLIAT as a process whose progress becomes telemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import GoliatWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import GoliatWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="GOLIAT",
        version=__version__,
        description="Studies of GOLIAT, run as a process whose progress becomes telemetry.",
        author="MOSAIC contributors",
        upstream_library="goliat",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="goliat",
        supported_paradigms=("study",),
        env_families=("goliat",),
        action_spaces=("none",),
        observation_spaces=("none",),
        cpu_cores=1,
        estimated_memory_mb=2048,
        supports_gpu=True,
        determinism="none",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    if name == "GoliatWorkerRuntime":
        from .runtime import GoliatWorkerRuntime

        return GoliatWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["GoliatWorkerConfig", "GoliatWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
