"""MOSAIC's SPADE-BDI worker: AgentSpeak agents over XMPP that learn by Q-learning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import RunConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import SpadeBdiWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="SPADE-BDI",
        version=__version__,
        description="AgentSpeak agents on SPADE over an XMPP server, that learn by Q-learning.",
        author="MOSAIC contributors",
        homepage="https://github.com/javipalanca/spade_bdi",
        upstream_library="spade_bdi",
        upstream_version="0.3.3",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="spade_bdi",
        supported_paradigms=("sequential", "multi_agent"),
        env_families=("gymnasium", "toy_text"),
        action_spaces=("discrete",),
        observation_spaces=("discrete", "multi_discrete", "multi_binary", "tuple", "dict"),
        max_agents=64,  # learners of a run, each in an environment of its own
        supports_checkpointing=True,
        supports_pause_resume=True,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=192,
        determinism="exact",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    if name == "SpadeBdiWorkerRuntime":
        from .runtime import SpadeBdiWorkerRuntime

        return SpadeBdiWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["RunConfig", "SpadeBdiWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
