import sys

from constant_worker.config import ConstantWorkerConfig
from constant_worker.runtime import ConstantWorkerRuntime
from gym_gui.core.worker import WorkerCLI

if __name__ == "__main__":
    sys.exit(WorkerCLI.run(ConstantWorkerConfig, ConstantWorkerRuntime))
