import argparse
import json

from .config import PrintingWorkerConfig
from .runtime import PrintingWorkerRuntime


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--grpc", action="store_true")
    parser.add_argument("--grpc-target", default="127.0.0.1:50055")
    args = parser.parse_args(argv)
    with open(args.config) as f:
        config = PrintingWorkerConfig.from_dict(json.load(f))
    runtime = PrintingWorkerRuntime(config)
    runtime.run()


if __name__ == "__main__":
    main()
