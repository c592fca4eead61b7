"""What choices of a field mean in its schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional  # noqa: UP035 - as workers for Python 3.8 write it

from gym_gui.core.worker.schema import check_config, config_schema


@dataclass
class _Config:
    one: str = field(default="a", metadata={"choices": ("a", "b")})
    several: List[str] = field(default_factory=list, metadata={"choices": ("a", "b")})  # noqa: UP006
    or_none: Optional[List[str]] = field(default=None, metadata={"choices": ("a", "b")})  # noqa: UP006, UP045
    layers: List[int] = field(default_factory=lambda: [64], metadata={"choices": ([64], [64, 64])})  # noqa: UP006


def test_a_list_takes_any_number_of_its_choices() -> None:
    properties = config_schema(_Config)["properties"]
    assert properties["one"]["enum"] == ["a", "b"]
    for name in ("several", "or_none"):
        assert properties[name]["items"]["enum"] == ["a", "b"], name
        assert "enum" not in properties[name], name
    assert properties["layers"]["enum"] == [[64], [64, 64]]
    assert check_config(_Config, {"several": ["b", "a"], "or_none": None, "layers": [64, 64]}) == []
    (problem,) = check_config(_Config, {"several": ["a", "c"]})
    assert (problem.path, problem.message) == ("several[1]", "is not one of the choices")
