"""MOSAIC's Stable-Baselines3 worker: every algorithm of stable-baselines3 and sb3-contrib by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import Sb3WorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import Sb3WorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Stable-Baselines3",
        version=__version__,
        description="Every algorithm of Stable-Baselines3 and SB3-Contrib by name.",
        author="MOSAIC contributors",
        homepage="https://stable-baselines3.readthedocs.io",
        upstream_library="stable-baselines3, sb3-contrib",
        upstream_version="2.9.2",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="sb3",
        supported_paradigms=("sequential",),
        env_families=("gymnasium", "atari"),
        action_spaces=("discrete", "continuous", "multi_discrete", "multi_binary"),
        observation_spaces=("vector", "image", "discrete", "dict"),
        max_agents=1,
        supports_checkpointing=True,
        supports_pause_resume=True,
        supports_gpu=True,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=768,
        determinism="exact",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    # Imported when asked for: what reads the metadata or the config does not load the library.
    if name == "Sb3WorkerRuntime":
        from .runtime import Sb3WorkerRuntime

        return Sb3WorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Sb3WorkerConfig", "Sb3WorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
