import argparse
import json

from printing_worker.config import PrintingWorkerConfig
from printing_worker.runtime import PrintingWorkerRuntime


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--grpc", action="store_true")
    parser.add_argument("--grpc-target", default="127.0.0.1:50055")
    arguments = parser.parse_args(argv)
    with open(arguments.config) as stream:
        config = PrintingWorkerConfig.from_dict(json.load(stream))
    PrintingWorkerRuntime(config).run()


if __name__ == "__main__":
    main()
