import sys

from gym_gui.core.worker import WorkerCLI

from .config import ResumingWorkerConfig

if __name__ == "__main__":
    sys.exit(WorkerCLI.run(ResumingWorkerConfig, "resuming_worker.runtime:ResumingWorkerRuntime"))
