from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata


def get_worker_metadata():
    return WorkerMetadata(name="Constant Worker", version="1.0.0"), WorkerCapabilities(worker_type="constant")
