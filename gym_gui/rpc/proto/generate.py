"""Regenerates the stubs from the ``.proto`` files: ``python -m gym_gui.rpc.proto.generate``."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
PROTOS = ("mosaic", "reading", "machine", "study", "fleet")
PROTOS = ("mosaic", "reading", "machine", "study", "fleet")
STUBS = tuple(f"{name}_{suffix}" for name in PROTOS for suffix in ("pb2.py", "pb2.pyi", "pb2_grpc.py", "pb2_grpc.pyi"))
#: The imports that protoc writes look for top-level modules; ours is a package.
_IMPORT = re.compile(rf"^import ((?:{'|'.join(PROTOS)})_pb2) as", re.MULTILINE)
#: What protoc writes refuses any runtime older than the generator's own, although it uses nothing that new. The floors
#: that we stand for are in pyproject.toml (the stubs were run with protobuf 5.28 and grpcio 1.66).
_GUARDS = (
    r"_runtime_version\.ValidateProtobufRuntimeVersion\(.*?\n\)\n",
    r"from google\.protobuf import runtime_version as _runtime_version\n",
    r"GRPC_GENERATED_VERSION = .*?(?=\n\nclass )",
    r"import warnings\n",
    r"GRPC_GENERATED_VERSION: str\nGRPC_VERSION: str\n",
)


def tools() -> str:
    """Return the versions of the generators, which the drift test compares before it compares text."""
    return " ".join(f"{name}=={metadata.version(name)}" for name in ("grpcio-tools", "mypy-protobuf"))


def generate(target: Path) -> None:
    """Write the stub files and the generators' versions into a folder.

    Args:
        target: An existing folder.

    Raises:
        RuntimeError: A file does not compile (protoc has said why on stderr).
    """
    from grpc_tools import protoc

    arguments = ["protoc", f"-I{HERE}", f"--python_out={target}", f"--grpc_python_out={target}"]
    for name in ("mypy", "mypy_grpc"):
        plugin = Path(sys.executable).with_name(f"protoc-gen-{name}")
        arguments += [f"--plugin=protoc-gen-{name}={plugin}", f"--{name}_out=quiet:{target}"]
    if protoc.main([*arguments, *(str(HERE / f"{name}.proto") for name in PROTOS)]):
        raise RuntimeError("the .proto files do not compile")
    for name in STUBS:
        path = target / name
        text = path.read_text("utf-8")
        text = _IMPORT.sub(r"from . import \1 as", text)
        for guard in _GUARDS:
            text = re.sub("^" + guard, "", text, flags=re.DOTALL | re.MULTILINE)
        path.write_text(text, "utf-8")
    (target / "GENERATED_BY").write_text(tools() + "\n", "utf-8")


if __name__ == "__main__":
    generate(HERE)
    sys.stdout.write(f"wrote {', '.join(STUBS)} in {HERE}\n")
