import sys

from gym_gui.core.worker import WorkerCLI

from .config import SdkWorkerConfig
from .runtime import SdkWorkerRuntime

if __name__ == "__main__":
    sys.exit(WorkerCLI.run(SdkWorkerConfig, SdkWorkerRuntime))
