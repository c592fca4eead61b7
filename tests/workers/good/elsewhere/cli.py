import argparse
import json
import sys

from .config import ElsewhereWorkerConfig
from .runtime import ElsewhereWorkerRuntime


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--interactive", action="store_true")
    args = parser.parse_args(argv)
    with open(args.config) as stream:
        config = ElsewhereWorkerConfig.from_dict(json.load(stream))
    ElsewhereWorkerRuntime(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
