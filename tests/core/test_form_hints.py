"""Form hints: from a field's metadata into the JSON Schema, malformed ones refused with the field's name."""

from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import config_schema
from gym_gui.core.worker.form_hints import conditions_of, default_rules, malformed_hints, text_of, unknown_references


@dataclass
class Hinted:
    run_id: str
    algo: str = field(default="ppo", metadata={"choices": ("ppo", "dqn"), "group": "Learning"})
    flag: bool = False
    clip: float | None = field(
        default=None,
        metadata={
            "applies": {"algo": ("ppo",)},
            "default_by": {"algo": {"ppo": 0.2}},
            "log": True,
            "advanced": True,
            "x-colour": "red",
        },
    )
    envs: int | None = field(
        default=None,
        metadata={
            "default_by": [
                {"when": {"algo": ["ppo"], "flag": [True]}, "value": 8, "label": "preset"},
                {"when": {}, "label": "as in the checkpoint"},
            ]
        },
    )
    env_id: str = field(default="A-v1", metadata={"suggest": "environments", "examples": ("A-v1", "B-v1")})
    token: str = field(default="", metadata={"secret": True})


def test_hints_are_copied_into_the_schema() -> None:
    parts = config_schema(Hinted)["properties"]
    assert parts["algo"]["x-group"] == "Learning"
    assert parts["clip"] == {
        "type": ["number", "null"],
        "x-applies": {"algo": ["ppo"]},
        "x-default-by": {"algo": {"ppo": 0.2}},
        "x-log": True,
        "x-advanced": True,
        "default": None,
    }
    assert parts["env_id"]["x-suggest"] == "environments"
    assert parts["env_id"]["examples"] == ["A-v1", "B-v1"]
    assert parts["token"]["x-secret"] is True
    assert not any(key.startswith("x-") for key in parts["run_id"])


def test_rules_of_both_forms_read_alike() -> None:
    parts = config_schema(Hinted)["properties"]
    assert conditions_of(parts["clip"]) == {"algo": ["ppo"]}
    assert default_rules(parts["clip"]) == [({"algo": ["ppo"]}, 0.2, "default", True)]
    assert default_rules(parts["envs"]) == [
        ({"algo": ["ppo"], "flag": [True]}, 8, "preset", True),
        ({}, None, "as in the checkpoint", False),
    ]
    assert list(unknown_references(parts)) == []


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"group": " "}, "group is ' '"),
        ({"group": 1}, "a section's title"),
        ({"advanced": "yes"}, "advanced is 'yes'"),
        ({"log": 1}, "log is 1"),
        ({"secret": None}, "secret is None"),
        ({"suggest": "colours"}, "environments or checkpoints or files"),
        ({"applies": {"algo": "ppo"}}, "applies is"),
        ({"applies": {}}, "applies is"),
        ({"applies": {"algo": []}}, "applies is"),
        ({"default_by": {"algo": 3}}, "default_by is"),
        ({"default_by": [{"when": {"algo": ["ppo"]}}]}, "default_by is"),
        ({"default_by": [{"when": {"algo": "ppo"}, "value": 1}]}, "default_by is"),
        ({"default_by": [{"when": {}, "value": 1, "lable": "x"}]}, "default_by is"),
    ],
)
def test_malformed_hint_is_refused_with_the_fields_name(metadata: dict[str, Any], message: str) -> None:
    config_class = make_dataclass("Config", [("clip", float, field(default=0.1, metadata=metadata))])
    with pytest.raises(ValueError, match=r"^Config\.clip: ") as refused:
        config_schema(config_class)
    assert message in str(refused.value)


def test_hints_of_a_schema_written_by_hand() -> None:
    parts: dict[str, Any] = {
        "algo": {"enum": ["ppo", "dqn"], "x-own": 1},
        "flag": {"type": "boolean"},
        "clip": {"x-applies": {"algo": ["ppo", "pp0"], "kind": ["x"]}},
        "tau": {"x-default-by": {"algo": {"sac": 1, "dqn": 2}}, "x-applies": {"flag": [True, "yes"]}},
        "me": {"x-applies": {"me": [1]}},
        "odd": {"x-applies": "ppo", "x-default-by": 1},
    }
    assert list(malformed_hints(parts["algo"])) == []
    assert [message.split(" is ")[0] for message in malformed_hints(parts["odd"])] == ["applies", "default_by"]
    assert conditions_of(parts["odd"]) == {}
    assert default_rules(parts["odd"]) == []
    assert list(unknown_references(parts)) == [
        ("clip", "applies names 'pp0', which is not a choice of algo"),
        ("clip", "applies names 'kind', which is not a field"),
        ("tau", "applies names 'yes', which is not a choice of flag"),
        ("tau", "default_by names 'sac', which is not a choice of algo"),
        ("me", "applies names the field itself"),
    ]


def test_values_compare_as_the_keys_of_json_do() -> None:
    assert [text_of(value) for value in ("a", 1, 1.0, 1.5, True, None, [1])] == [
        "a", "1", "1", "1.5", "true", "null", "[1]",
    ]  # fmt: skip


def test_the_program_reads_them_where_the_sdk_is_missing(tmp_path: Path, script: Any) -> None:
    (tmp_path / "hinted_worker").mkdir()
    (tmp_path / "hinted_worker" / "__init__.py").write_text("")
    (tmp_path / "hinted_worker" / "config.py").write_text(
        "from dataclasses import dataclass, field\n"
        "@dataclass\nclass HintedWorkerConfig:\n    run_id: str\n"
        "    seed: int = field(default=0, metadata={'group': 'Chance'})\n"
        "    def to_dict(self): return {}\n"
        "    @classmethod\n    def from_dict(cls, data): return cls(**data)\n"
    )
    program = Path(config_schema.__code__.co_filename)
    done = script.run(f"""
import subprocess, sys
done = subprocess.run(
    [sys.executable, "-I", "-S", "-c", "import sys, runpy; sys.path.insert(0, {str(tmp_path)!r});"
     "sys.argv = ['schema.py', 'hinted_worker']; runpy.run_path({str(program)!r}, run_name='__main__')"],
    capture_output=True, text=True)
print(done.stdout, done.stderr)
""")
    assert '"x-group": "Chance"' in done.stdout, done.stdout + done.stderr
