"""Knows --dry-run, and trains all the same."""

import argparse
import json

from .config import PrintingWorkerConfig
from .runtime import PrintingWorkerRuntime

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--dry-run", action="store_true")
    with open(parser.parse_args().config) as stream:
        PrintingWorkerRuntime(PrintingWorkerConfig.from_dict(json.load(stream))).run()
