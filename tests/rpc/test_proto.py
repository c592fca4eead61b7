from __future__ import annotations

from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from gym_gui.rpc.proto import mosaic_pb2
from gym_gui.rpc.proto.generate import STUBS, generate, tools

PROTO = Path(str(resources.files("gym_gui.rpc.proto")))


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    generate(tmp_path)
    return tmp_path


def test_stubs_are_what_the_proto_generates(fresh: Path) -> None:
    if (PROTO / "GENERATED_BY").read_text().strip() != tools():
        pytest.skip(f"the stubs were made with other generators than {tools()}")
    for name in STUBS:
        assert (PROTO / name).read_text() == (fresh / name).read_text(), f"run: make proto ({name} is stale)"


def test_stubs_describe_the_same_interface_whatever_generated_them(fresh: Path) -> None:
    def descriptor(folder: Path) -> str:
        return next(line for line in (folder / "mosaic_pb2.py").read_text().splitlines() if "AddSerializedFile" in line)

    assert descriptor(PROTO) == descriptor(fresh)


def test_stubs_accept_older_runtimes() -> None:
    for name in STUBS:
        text = (PROTO / name).read_text()
        assert "ValidateProtobufRuntimeVersion" not in text
        assert "GRPC_GENERATED_VERSION" not in text


def test_every_method_has_a_comment() -> None:
    lines = (PROTO / "mosaic.proto").read_text().splitlines()
    for before, line in pairwise(lines):
        if line.strip().startswith("rpc "):
            assert before.strip().startswith("//"), line


def test_the_package_is_versioned() -> None:
    assert mosaic_pb2.DESCRIPTOR.package == "mosaic.v1"
