"""A worker's config class."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker.check import check_values
from gym_gui.workers.config import MANAGED_FIELDS
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("config")


def _config(subject: Subject) -> dict[str, Any]:
    found: dict[str, Any] = subject.examined["config"]
    if "class" not in found:
        raise NotApplicable("it has no config class that can be read")
    if "error" in found:
        raise NotApplicable("its config cannot be built")
    return found


@BOOK.error(
    "config-class",
    "The package has a config class with `run_id`, `seed`, `to_dict` and `from_dict`.",
    why="It is what MOSAIC reads fields, types and bounds from, and what `--config` is read into.",
    mend="Write a dataclass `<Name>WorkerConfig` in `<package>/config.py` with those four.",
)
def config_class(subject: Subject) -> str | None:
    found = subject.examined["config"]
    if "class" not in found:
        return str(found.get("error") or "no class with to_dict and from_dict in the package or its config module")
    if "error" in found:
        return None
    missing = [name for name in ("run_id", "seed") if name not in found["has"]]
    return f"{found['class']} has no {' and no '.join(missing)}" if missing else None


@BOOK.error(
    "config-constructible",
    "A config can be built from a run's id, a seed and the defaults, and keeps them.",
    why="That is what a run without further settings is started with.",
    mend="Give every field but `run_id` a default that works. In `__post_init__` check; do not assign to fields of a "
    "frozen dataclass.",
)
def config_constructible(subject: Subject) -> str | None:
    found = subject.examined["config"]
    if "class" not in found:
        raise NotApplicable("it has no config class that can be read")
    if "error" in found:
        frozen = " (the dataclass is frozen, so __post_init__ cannot assign)" if "Frozen" in found["error"] else ""
        return f"{found['error']}{frozen}"
    lost = [name for name, kept in found["kept"].items() if not kept]
    return f"from_dict() loses {', '.join(lost)}" if lost else None


@BOOK.error(
    "config-round-trip",
    "`from_dict(to_dict())` gives the same config back, through JSON.",
    why="Configs are stored as JSON and read by resumed and repeated runs: a lost field silently changes the run.",
    mend="Let `to_dict()` hold every field as plain JSON (`dataclasses.asdict`), and `from_dict()` read every one.",
)
def config_round_trip(subject: Subject) -> str | None:
    return _config(subject)["round_trip"] or None


@BOOK.warning(
    "config-unknown-keys",
    "`from_dict` refuses a key that is not a field.",
    why="A mistyped setting that is ignored silently trains with the default.",
    mend="Raise for names that are not fields, with the nearest name (`gym_gui.core.worker.errors.nearest`).",
)
def config_unknown_keys(subject: Subject) -> str | None:
    accepted = _config(subject)["unknown"] == "accepted"
    return "a config with the key 'mosaic_no_such_field' was accepted" if accepted else None


@BOOK.warning(
    "config-run-id",
    "An empty `run_id` is refused.",
    why="Telemetry without a run's id belongs to no run.",
    mend='In `__post_init__`: `if not self.run_id: raise ValueError("run_id is required")`.',
)
def config_run_id(subject: Subject) -> str | None:
    return "run_id '' was accepted" if _config(subject)["empty_run_id"] == "accepted" else None


@BOOK.error(
    "config-seed-optional",
    "`seed` may be null.",
    why="A run that is checked before its seed is drawn has none yet.",
    mend="Annotate it `seed: int | None = None`.",
)
def config_seed_optional(subject: Subject) -> str | None:
    answer = _config(subject)["no_seed"]
    return None if answer == "accepted" else str(answer)


@BOOK.warning(
    "config-bounds",
    "Numbers that make no sense are refused.",
    why="A run with -1 steps or a negative learning rate should fail before it is queued, not in its first update.",
    mend='Give the field bounds, `field(default=1000, metadata={"minimum": 1})`, or check it in `__post_init__`.',
)
def config_bounds(subject: Subject) -> str | None:
    schema = subject.record.schema or {}
    taken = [
        name
        for name, answer in _config(subject)["negative"].items()
        if answer == "accepted" and not check_values({"properties": schema.get("properties", {})}, {name: -1})
    ]
    return f"-1 was accepted for {', '.join(taken)}" if taken else None


@BOOK.warning(
    "config-defaults",
    "Every field but `run_id` and `env_id` has a default.",
    why="Users should be able to start a worker without knowing all its settings.",
    mend="Give optional fields a default instead of raising when they are missing.",
)
def config_defaults(subject: Subject) -> str | None:
    _config(subject)
    required = (subject.record.schema or {}).get("required", [])
    left = [name for name in required if name not in (*MANAGED_FIELDS, "env_id")]
    return f"without a default: {', '.join(left)}" if left else None


@BOOK.warning(
    "config-frozen",
    "A config with `__post_init__` is not a frozen dataclass.",
    why="`__post_init__` of a frozen dataclass cannot set anything: the first assignment to be added there raises "
    "`FrozenInstanceError` in every run.",
    mend="Leave out `frozen=True`.",
)
def config_frozen(subject: Subject) -> str | None:
    found = subject.examined["config"]
    if not found.get("frozen") or not found.get("post_init"):
        return None
    return f"{found['class']} is frozen and has __post_init__"


@BOOK.warning(
    "config-loader",
    "`load_worker_config(path)` reads flat files and such with `metadata.worker.config`.",
    why="Configs that a form wrote are nested; a worker run by hand should take the same file.",
    mend="Write `load_worker_config` in `config.py` with `load_worker_config_from_file` of the SDK, or by hand "
    "where that is missing.",
)
def config_loader(subject: Subject) -> str | None:
    found = _config(subject)["loader"]
    if not found["found"]:
        return "there is no load_worker_config"
    faults = [f"{form}: {found[form]}" for form in ("flat", "nested") if found[form]]
    return "; ".join(faults) or None


@BOOK.warning(
    "config-to-json",
    "The config has `to_json`.",
    why="Both ways of writing a config down are used: dicts by programs, JSON by people.",
    mend="`def to_json(self, indent=2): return json.dumps(self.to_dict(), indent=indent)`.",
)
def config_to_json(subject: Subject) -> str | None:
    return None if _config(subject)["to_json"] else "there is no to_json"


@BOOK.warning(
    "config-schema",
    "The fields can be read without starting the worker.",
    why="Without a schema settings are passed on unchecked, and forms and completions are empty.",
    mend="Make the config a dataclass with plain annotations, or answer `--schema` with a JSON Schema.",
)
def config_schema(subject: Subject) -> str | None:
    _config(subject)
    return None if subject.record.schema else "its schema cannot be determined"


@BOOK.warning(
    "runtime-returns-dict",
    "`run()` returns a dict that is ready for JSON.",
    why="A summary of another kind cannot be stored, sent or shown.",
    mend='Return a dict: `return {"status": "completed", "reward": reward}`, with numbers of Python rather than NumPy.',
)
def runtime_returns_dict(subject: Subject) -> str | None:
    found = subject.examined["runtime"]
    if "class" not in found:
        raise NotApplicable("it has no runtime class")
    if "unready" in found:
        return f"{found['class']}.run() returns what JSON cannot hold: {found['unready']}"
    if "returned" in found:
        return None if found["returned"] == "dict" else f"{found['class']}.run() returns a {found['returned']}"
    annotation = found["annotation"]
    plain = not annotation or any(word in annotation for word in ("dict", "Dict", "Mapping", "Any"))
    return None if plain else f"{found['class']}.run() is annotated to return {annotation}"
