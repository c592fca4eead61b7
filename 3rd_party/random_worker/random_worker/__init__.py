"""MOSAIC's random worker: a random policy on Gymnasium's and PettingZoo's environments; baseline, load generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import RandomWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import RandomWorkerRuntime

__version__ = "0.2.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Random policy",
        version=__version__,
        description="A random policy on any environment of Gymnasium or PettingZoo: baseline and load generator.",
        author="MOSAIC contributors",
        homepage="https://gymnasium.farama.org",
        upstream_library="gymnasium",
        upstream_version="1.4.0",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="random",
        supported_paradigms=("sequential", "multi_agent"),
        env_families=("gymnasium", "pettingzoo"),
        action_spaces=("discrete", "continuous", "multi_discrete", "multi_binary", "dict", "tuple", "text"),
        observation_spaces=("vector", "image", "discrete", "dict", "text"),
        max_agents=100,
        supports_checkpointing=False,
        supports_pause_resume=True,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=128,
        determinism="exact",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    if name == "RandomWorkerRuntime":
        from .runtime import RandomWorkerRuntime

        return RandomWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "RandomWorkerConfig",
    "RandomWorkerRuntime",
    "__version__",
    "get_worker_metadata",
    "load_worker_config",
]
