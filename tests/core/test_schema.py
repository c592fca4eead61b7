"""What is read from config classes, however their annotations are written."""

from __future__ import annotations

import enum
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Literal, Optional, Tuple, Union  # noqa: UP035 - as workers write them

import pytest

from gym_gui.core.worker import config_schema, schema


class Device(enum.Enum):
    CPU = "cpu"
    CUDA = "cuda"


Mode = Literal["train", "evaluate"]


@dataclass
class Inner:
    width: int = 64


@dataclass
class Written:
    """A config whose annotations are text.

    More about it.

    Attributes:
        run_id: The run.
        lr: How fast it learns,
            said on two lines.
        hidden (tuple): Widths.
    """

    run_id: str
    lr: float = 1e-4
    steps: int = field(
        default=100, metadata={"help": "Steps to take.", "minimum": 1, "exclusive_maximum": 10, "unit": "steps"}
    )
    seed: int | None = None
    hidden: Tuple[int, ...] = (64, 64)  # noqa: UP006
    names: List[str] = field(default_factory=list)  # noqa: UP006
    nested: Optional[Dict[str, float]] = None  # noqa: UP006, UP045
    either: Union[int, str] = 1  # noqa: UP007
    mode: Mode = "train"
    word: Literal["a", None] = None
    device: Device = Device.CPU
    inner: Inner = field(default_factory=Inner)
    path: Path = Path("x")
    anything: Any = None
    algo: str = field(default="ppo", metadata={"choices": ("ppo", "dqn")})
    flag: "bool" = False  # noqa: UP037
    unknown: NotDefinedAnywhere = 0  # type: ignore[name-defined]  # noqa: F821
    annotated: typing.Annotated[int, "x"] = 1
    odd: "1 +" = 0  # type: ignore[valid-type]  # noqa: F722
    hidden_from_init: int = field(default=0, init=False)

    def to_dict(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Written:
        return cls(**data)


def test_annotations_as_written() -> None:
    found = config_schema(Written)
    parts = found["properties"]
    assert found["required"] == ["run_id"]
    assert found["additionalProperties"] is False
    assert found["description"] == "A config whose annotations are text."
    assert parts["run_id"] == {"type": "string", "description": "The run."}
    assert parts["lr"] == {"type": "number", "default": 1e-4, "description": "How fast it learns, said on two lines."}
    assert parts["steps"] == {
        "type": "integer",
        "default": 100,
        "description": "Steps to take.",
        "minimum": 1,
        "exclusiveMaximum": 10,
        "unit": "steps",
    }
    assert parts["seed"] == {"type": ["integer", "null"], "default": None}
    assert parts["hidden"] == {
        "type": "array",
        "items": {"type": "integer"},
        "default": [64, 64],
        "description": "Widths.",
    }
    assert parts["names"] == {"type": "array", "items": {"type": "string"}, "default": []}
    assert parts["nested"] == {"type": ["object", "null"], "default": None}
    assert parts["either"] == {"type": ["integer", "string"], "default": 1}
    assert parts["mode"] == {"type": "string", "enum": ["train", "evaluate"], "default": "train"}
    assert parts["word"] == {"type": ["string", "null"], "enum": ["a", None], "default": None}
    assert parts["device"] == {"type": "string", "enum": ["cpu", "cuda"], "default": "cpu"}
    assert parts["inner"]["properties"] == {"width": {"type": "integer", "default": 64}}
    assert parts["path"] == {"type": "string", "default": "x"}
    assert parts["anything"] == {"default": None}
    assert parts["algo"] == {"type": "string", "enum": ["ppo", "dqn"], "default": "ppo"}
    assert parts["flag"] == {"type": "boolean", "default": False}
    assert parts["unknown"] == {"default": 0}
    assert parts["annotated"] == {"type": "integer", "default": 1}
    assert parts["odd"] == {"default": 0}
    assert "hidden_from_init" not in parts
    json.dumps(found)


def test_annotations_that_are_types_already() -> None:
    namespace: dict[str, Any] = {"field": field, "Device": Device, "__name__": __name__}
    code = """
import typing
class Real:
    run_id: str
    seed: int | None = None
    hidden: list[int] = field(default_factory=list)
    mode: typing.Literal["a", "b"] = "a"
    device: Device | None = None
    many: typing.Dict[str, int] = field(default_factory=dict)
    plain: dict = field(default_factory=dict)
    nothing: None = None
"""
    exec(compile(code, "real", "exec", dont_inherit=True), namespace)
    parts = config_schema(dataclass(namespace["Real"]))["properties"]
    assert parts["run_id"] == {"type": "string"}
    assert parts["seed"] == {"type": ["integer", "null"], "default": None}
    assert parts["hidden"] == {"type": "array", "items": {"type": "integer"}, "default": []}
    assert parts["mode"] == {"type": "string", "enum": ["a", "b"], "default": "a"}
    assert parts["device"] == {"type": ["string", "null"], "enum": ["cpu", "cuda", None], "default": None}
    assert parts["many"] == {"type": "object", "default": {}}
    assert parts["plain"] == {"type": "object", "default": {}}
    assert parts["nothing"] == {"type": "null", "default": None}


def test_sentences_of_a_base_class() -> None:
    @dataclass
    class Base:
        """Base.

        Args:
            run_id: From the base.
            seed: From the base.
        """

        run_id: str = ""
        seed: int = 0

    @dataclass
    class Derived(Base):
        """Derived.

        Attributes:
            seed: From the derived.

        Raises:
            ValueError: Never.
        """

    parts = config_schema(Derived)["properties"]
    assert parts["run_id"]["description"] == "From the base."
    assert parts["seed"]["description"] == "From the derived."


def test_class_without_a_docstring_has_no_description() -> None:
    assert "description" not in config_schema(Inner)


@pytest.mark.parametrize("value", [int, Inner(), "Inner"])
def test_what_is_no_dataclass(value: Any) -> None:
    with pytest.raises(TypeError, match="not a dataclass"):
        config_schema(value)


CONFIG = """
from dataclasses import dataclass
print("printed on import")
@dataclass
class {name}:
    run_id: str
    seed: "int | None" = None
    def to_dict(self): return {{}}
    @classmethod
    def from_dict(cls, data): return cls(**data)
"""


def package(folder: Path, name: str, **modules: str) -> None:
    (folder / name).mkdir()
    for module, code in {"__init__": "", **modules}.items():
        (folder / name / f"{module}.py").write_text(code)


def test_program_prints_the_schema_of_a_package(tmp_path: Path, script: Any) -> None:
    package(tmp_path, "some_worker", config=CONFIG.format(name="Other") + CONFIG.format(name="SomeWorkerConfig"))
    done = script.python(str(Path(schema.__file__)), "some_worker", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"] == "SomeWorkerConfig"
    assert "printed on import" in done.stderr


@pytest.mark.parametrize(
    ("modules", "argument", "expected"),
    [
        ({"__init__": CONFIG.format(name="Alone")}, "w", "Alone"),
        ({"config": CONFIG.format(name="Chosen") + CONFIG.format(name="XWorkerConfig")}, "w.config:Chosen", "Chosen"),
        (
            {
                "base": CONFIG.format(name="BaseWorkerConfig"),
                "config": "from w.base import *" + CONFIG.format(name="C"),
            },
            "w",
            "C",
        ),
    ],
)
def test_where_config_classes_are_found(
    tmp_path: Path, script: Any, modules: dict[str, str], argument: str, expected: str
) -> None:
    package(tmp_path, "w", **modules)
    done = script.python(str(Path(schema.__file__)), argument, PYTHONPATH=str(tmp_path))
    assert json.loads(done.stdout)["title"] == expected


@pytest.mark.parametrize(
    ("modules", "reason"),
    [
        ({"config": "import not_installed"}, "ModuleNotFoundError: No module named 'not_installed'"),
        ({"config": "raise RuntimeError('broken')"}, "RuntimeError: broken"),
        ({"config": CONFIG.format(name="A") + CONFIG.format(name="B")}, "has several config classes: A, B"),
        ({"config": ""}, "has no dataclass with run_id"),
    ],
)
def test_packages_without_a_readable_config(tmp_path: Path, script: Any, modules: dict[str, str], reason: str) -> None:
    package(tmp_path, "w", **modules)
    done = script.python(str(Path(schema.__file__)), "w", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert reason in done.stderr


def test_program_without_a_package(script: Any) -> None:
    done = script.python(str(Path(schema.__file__)))
    assert done.returncode == 2
    assert "usage:" in done.stderr
