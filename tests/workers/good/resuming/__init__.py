"""A worker that goes on after it was killed exactly as if it had not been."""


def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata("Resuming", "1.0.0", "Learns a chain.", author="Somebody", license="MIT")
    capabilities = WorkerCapabilities(
        worker_type="resuming",
        env_families=("toy_text",),
        action_spaces=("discrete",),
        observation_spaces=("discrete",),
        supports_checkpointing=True,
        supports_pause_resume=True,
        determinism="exact",
        exact_resume=True,
    )
    return metadata, capabilities
