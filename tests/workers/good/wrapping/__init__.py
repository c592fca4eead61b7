"""A worker around a training script that knows nothing of MOSAIC: it is started as a process, and its log is read."""


def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Wrapping", version="1.0.0", description="Runs a script.", author="Somebody", license="MIT"
    )
    capabilities = WorkerCapabilities(
        worker_type="wrapping",
        env_families=("gymnasium",),
        action_spaces=("discrete",),
        observation_spaces=("vector",),
        determinism="seeded",
    )
    return metadata, capabilities
