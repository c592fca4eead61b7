"""MOSAIC's BenchMARL worker: its algorithms on VMAS and PettingZoo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import BenchmarlWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import BenchmarlWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="BenchMARL",
        version=__version__,
        description="BenchMARL's algorithms on VMAS and PettingZoo.",
        author="MOSAIC contributors",
        homepage="https://benchmarl.readthedocs.io",
        upstream_library="benchmarl",
        upstream_version="1.5.2",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="benchmarl",
        supported_paradigms=("parameter_sharing", "independent"),
        env_families=("vmas", "pettingzoo"),
        action_spaces=("discrete", "continuous"),
        observation_spaces=("vector",),
        max_agents=64,
        supports_checkpointing=True,
        supports_pause_resume=True,
        supports_gpu=True,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=1200,
        determinism="exact",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    # Imported when asked for: what reads the metadata or the config does not load the library.
    if name == "BenchmarlWorkerRuntime":
        from .runtime import BenchmarlWorkerRuntime

        return BenchmarlWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BenchmarlWorkerConfig",
    "BenchmarlWorkerRuntime",
    "__version__",
    "get_worker_metadata",
    "load_worker_config",
]
