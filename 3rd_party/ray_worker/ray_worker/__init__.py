"""MOSAIC's Ray worker: RLlib's new API stack, single-agent and multi-agent, on a Ray instance of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import RayWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import RayWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Ray RLlib",
        version=__version__,
        description="RLlib's new API stack: PPO, DQN, SAC, IMPALA, APPO; multi-agent, self-play, Ray Tune.",
        author="MOSAIC contributors",
        homepage="https://docs.ray.io/en/latest/rllib/index.html",
        upstream_library="ray[rllib]",
        upstream_version="2.60.0",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="ray",
        supported_paradigms=("sequential", "parameter_sharing", "independent", "self_play"),
        env_families=("gymnasium", "pettingzoo", "mpe"),
        action_spaces=("discrete", "continuous", "multi_discrete"),
        observation_spaces=("vector", "image", "discrete", "multi_discrete", "multi_binary", "dict", "tuple"),
        max_agents=1000,
        supports_self_play=True,
        supports_checkpointing=True,
        supports_pause_resume=False,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=2048,
        determinism="seeded",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    if name == "RayWorkerRuntime":
        from .runtime import RayWorkerRuntime

        return RayWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["RayWorkerConfig", "RayWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
