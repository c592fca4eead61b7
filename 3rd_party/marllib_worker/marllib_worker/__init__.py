"""MOSAIC's MARLlib worker: independent learning, centralized critics and value decomposition for several agents.

Everything here runs on Python 3.8, the only one that MARLlib's versions of Ray and torch can be installed with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import MarllibWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import MarllibWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="MARLlib",
        version=__version__,
        description="MARLlib's algorithms for several agents: independent, centralized critic, value decomposition.",
        author="MOSAIC contributors",
        homepage="https://marllib.readthedocs.io",
        upstream_library="marllib",
        upstream_version="1.0.3",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="marllib",
        supported_paradigms=("parameter_sharing", "independent"),
        env_families=("pettingzoo",),
        action_spaces=("discrete", "continuous"),
        observation_spaces=("vector",),
        max_agents=64,
        supports_checkpointing=True,
        supports_pause_resume=True,
        supports_gpu=False,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=900,
        determinism="exact",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    # Imported when asked for: what reads the metadata or the config does not load the library.
    if name == "MarllibWorkerRuntime":
        from .runtime import MarllibWorkerRuntime

        return MarllibWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["MarllibWorkerConfig", "MarllibWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
