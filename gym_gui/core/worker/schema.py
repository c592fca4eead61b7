"""The JSON Schema of a worker's config, read from its dataclass without importing anything else of MOSAIC.

Also a program: ``python schema.py PACKAGE`` (or ``MODULE:CLASS``) prints the schema of a worker's config class. It runs
by its path under any Python from 3.8, so that workers in environments of their own can be asked.

Annotations are read as they are written, so that ``int | None`` is no obstacle on Python 3.8. What a field means and
where its bounds lie stand in ``field(default=…, metadata={…})`` (``help unit minimum maximum exclusive_minimum
exclusive_maximum choices pattern examples``), else its sentence in the class docstring's ``Attributes:`` or ``Args:``.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import re
import sys
from typing import Any, Iterator

_SIMPLE: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "Path": {"type": "string"},
    "PathLike": {"type": "string"},
    "None": {"type": "null"},
    "NoneType": {"type": "null"},
    "Any": {},
    "object": {},
}
_ARRAYS = frozenset({"list", "List", "tuple", "Tuple", "set", "Set", "frozenset", "FrozenSet", "Sequence", "Iterable"})
_OBJECTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_WRAPPERS = frozenset({"Final", "ClassVar", "Annotated", "Required", "NotRequired"})
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusive_minimum": "exclusiveMinimum",
    "exclusive_maximum": "exclusiveMaximum",
    "unit": "unit",
    "pattern": "pattern",
}


def config_schema(config_class: type) -> dict[str, Any]:
    """Return the JSON Schema of a worker's config class.

    Args:
        config_class: A dataclass.

    Returns:
        ``{"type": "object", "title", "description", "properties", "required", "additionalProperties": False}``.

    Raises:
        TypeError: It is not a dataclass.
        ValueError: A form hint of a field is malformed.
    """
    if not dataclasses.is_dataclass(config_class) or not isinstance(config_class, type):
        raise TypeError(f"{config_class!r} is not a dataclass: its fields cannot be read")
    sentences = dict(_documented(config_class))
    properties: dict[str, Any] = {}
    required = []
    for field in dataclasses.fields(config_class):
        if not field.init:
            continue
        properties[field.name] = _property(config_class, field, sentences.get(field.name, ""))
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    schema = {
        "title": config_class.__name__,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    summary = _summary(config_class)
    if summary:
        schema["description"] = summary
    return schema


def check_config(config_class: type, values: Any, *, path: str = "") -> list[Any]:
    """Return every fault of a worker's config as a list of :class:`~gym_gui.core.worker.errors.Problem`.

    Args:
        config_class: A dataclass.
        values: The flat config.
        path: Where the config stands, put before the fields' names.
    """
    from gym_gui.core.worker.check import check_values

    return check_values(config_schema(config_class), values, path=path)


def _property(config_class: type, field: Any, sentence: str) -> dict[str, Any]:
    schema = _of_annotation(field.type, config_class)
    metadata = field.metadata
    for name, key in _BOUNDS.items():
        if name in metadata:
            schema[key] = metadata[name]
    if "examples" in metadata:
        schema["examples"] = [_jsonable(example) for example in metadata["examples"]]
    if "choices" in metadata:
        choices = [_jsonable(choice) for choice in metadata["choices"]]
        whole = all(isinstance(choice, list) for choice in choices)
        # Of a list any number of the choices may be taken, unless they are lists themselves.
        several = "array" in _as_list(schema.get("type")) and not whole
        (schema.setdefault("items", {}) if several else schema)["enum"] = choices
    description = metadata.get("help") or sentence
    if description:
        schema["description"] = str(description)
    try:
        schema.update(_form_hints().read_hints(metadata))
    except ValueError as error:
        raise ValueError(f"{config_class.__name__}.{field.name}: {error}") from None
    default = field.default
    if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if default is not dataclasses.MISSING:
        schema["default"] = _jsonable(default)
    return schema


# -- annotations -----------------------------------------------------------------------------------------


def _of_annotation(annotation: Any, config_class: type) -> dict[str, Any]:
    """Return the schema of an annotation, whether it is text or a type already."""
    if not isinstance(annotation, str):
        found = _of_class(annotation)
        if found is not None:
            return found
        annotation = repr(annotation)
    try:
        tree = ast.parse(annotation.strip(), mode="eval").body
    except SyntaxError:
        return {}
    return _of_node(tree, config_class)


def _of_class(value: Any) -> dict[str, Any] | None:
    if value is None:
        return {"type": "null"}
    if not isinstance(value, type) or hasattr(value, "__origin__"):
        return None
    if issubclass(value, enum.Enum):
        return _literal([_jsonable(member) for member in value])
    if dataclasses.is_dataclass(value):
        return config_schema(value)
    name = value.__name__
    if name in _ARRAYS:
        return {"type": "array"}
    if name in _OBJECTS:
        return {"type": "object"}
    return dict(_SIMPLE.get(name, {}))


def _of_node(node: ast.AST, config_class: type) -> dict[str, Any]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):  # a quoted annotation
            return _of_annotation(node.value, config_class)
        return {"type": "null"} if node.value is None else {}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([_of_node(side, config_class) for side in (node.left, node.right)])
    if isinstance(node, (ast.Name, ast.Attribute)):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in _SIMPLE:
            return dict(_SIMPLE[name])
        if name in _ARRAYS:
            return {"type": "array"}
        if name in _OBJECTS:
            return {"type": "object"}
        return _of_name(name, config_class)
    if isinstance(node, ast.Subscript):
        return _of_subscript(node, config_class)
    return {}


def _of_name(name: str, config_class: type) -> dict[str, Any]:
    """Look a name up where the class was written: an Enum, another dataclass, an alias."""
    module = sys.modules.get(config_class.__module__)
    value = getattr(module, name, None)
    if value is None or isinstance(value, str) or value is config_class:
        return {}
    return _of_annotation(value, config_class)


def _of_subscript(node: ast.Subscript, config_class: type) -> dict[str, Any]:
    head = node.value
    name = head.id if isinstance(head, ast.Name) else head.attr if isinstance(head, ast.Attribute) else ""
    inner: Any = node.slice
    inner = getattr(inner, "value", inner) if type(inner).__name__ == "Index" else inner  # Python 3.8
    parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
    if name == "Optional":
        return _union([_of_node(inner, config_class), {"type": "null"}])
    if name == "Union":
        return _union([_of_node(part, config_class) for part in parts])
    if name == "Literal":
        return _literal([ast.literal_eval(part) for part in parts])
    if name in _WRAPPERS:
        return _of_node(parts[0], config_class)
    if name in _OBJECTS:
        return {"type": "object"}
    if name in _ARRAYS:
        items = _of_node(parts[0], config_class)
        return {"type": "array", "items": items} if items else {"type": "array"}
    return {}


def _literal(values: list[Any]) -> dict[str, Any]:
    names = list(dict.fromkeys(type(value).__name__ for value in values))
    kinds = [_SIMPLE.get(name, {}).get("type") for name in names]
    if not kinds or None in kinds:
        return {"enum": values}
    return {"type": kinds if len(kinds) > 1 else kinds[0], "enum": values}


def _union(options: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of what may be one or another."""
    flat: list[dict[str, Any]] = []
    for option in options:
        flat.extend(option.get("anyOf", [option]))
    if any(not option for option in flat):
        return {}
    if any("enum" in option for option in flat) and all(set(option) <= {"enum", "type"} for option in flat):
        values = [value for option in flat for value in option.get("enum", [None])]
        if all("enum" in option or option == {"type": "null"} for option in flat):
            return _literal(values)
    null = {"type": "null"}
    rest = [option for option in flat if option != null]
    if null in flat and len(rest) == 1 and isinstance(rest[0].get("type"), str):
        return {**rest[0], "type": [rest[0]["type"], "null"]}
    if all(set(option) == {"type"} for option in flat):
        kinds: list[Any] = []
        for option in flat:
            kinds += [kind for kind in _as_list(option["type"]) if kind not in kinds]
        return {"type": kinds if len(kinds) > 1 else kinds[0]}
    return {"anyOf": flat}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _jsonable(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_jsonable(entry) for entry in value]
    return str(value)


# -- docstrings ------------------------------------------------------------------------------------------

_SECTION = re.compile(r"^\s*(Attributes|Args|Arguments|Parameters):\s*$")
_ENTRY = re.compile(r"^(\s+)(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")


def _own_docstring(config_class: type) -> str:
    doc = config_class.__dict__.get("__doc__") or ""
    # A dataclass without a docstring gets its signature as one.
    return "" if doc.startswith(config_class.__name__ + "(") else doc


def _summary(config_class: type) -> str:
    return _own_docstring(config_class).strip().split("\n\n")[0].replace("\n", " ").strip()


def _documented(config_class: type) -> Iterator[tuple[str, str]]:
    """Yield field names and their sentences from the docstrings of a class and its bases, the bases first."""
    for cls in reversed(config_class.__mro__):
        doc = _own_docstring(cls) if cls is not object else ""
        if doc:
            yield from _entries(doc.splitlines())


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    inside, indent, name, words = False, 0, "", []  # type: bool, int, str, list[str]
    for line in [*lines, ""]:
        if _SECTION.match(line):
            inside, indent = True, 0
            continue
        if not inside:
            continue
        entry = _ENTRY.match(line)
        if entry and (not indent or len(entry.group(1)) == indent):
            if name:
                yield name, " ".join(words).strip()
            indent, name, words = len(entry.group(1)), entry.group(2), [entry.group(3)]
        elif line.strip() and indent and len(line) - len(line.lstrip()) > indent:
            words.append(line.strip())
        elif not line.strip() or indent:
            if name:
                yield name, " ".join(words).strip()
            name, words = "", []
            inside = not line.strip() and inside and not indent


def _form_hints() -> Any:
    """Return the module of form hints; by its path where this is a program: that interpreter may have an older SDK."""
    if __name__ != "__main__":
        from gym_gui.core.worker import form_hints

        return form_hints
    import importlib.util
    from pathlib import Path

    path = Path(__file__).with_name("form_hints.py")
    spec = importlib.util.spec_from_file_location("_mosaic_form_hints", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


# -- the program -----------------------------------------------------------------------------------------


def find_config_class(package: str) -> type:
    """Return a worker package's config class: in ``<package>.config`` or the package, of several ``*WorkerConfig``.

    Args:
        package: The package, or ``module:class``.

    Raises:
        ImportError: The package or its config module fails to import.
        LookupError: There is no such class, or several without one named ``*WorkerConfig``.
    """
    import importlib

    module_name, _, class_name = package.partition(":")
    if class_name:
        chosen: type = getattr(importlib.import_module(module_name), class_name)
        return chosen
    importlib.import_module(package)
    for name in (package + ".config", package):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        found = [value for value in vars(module).values() if _is_worker_config(value)]
        own = [value for value in found if value.__module__ == module.__name__] or found
        named = [value for value in own if value.__name__.endswith("WorkerConfig")]
        if len(own) == 1 or named:
            first: type = (named or own)[0]
            return first
        if own:
            raise LookupError(f"{name} has several config classes: {', '.join(cls.__name__ for cls in own)}")
    raise LookupError(f"{package} has no dataclass with run_id, seed, to_dict and from_dict in {package}.config")


def _is_worker_config(value: Any) -> bool:
    return (
        isinstance(value, type)
        and dataclasses.is_dataclass(value)
        and {"run_id", "seed"} <= {field.name for field in dataclasses.fields(value)}
        and hasattr(value, "to_dict")
        and hasattr(value, "from_dict")
    )


def _main(argv: list[str]) -> int:
    import json

    if len(argv) != 1:
        sys.stderr.write("usage: python schema.py PACKAGE | MODULE:CLASS\n")
        return 2
    stdout, sys.stdout = sys.stdout, sys.stderr  # what the package prints on import is not the schema
    try:
        schema = config_schema(find_config_class(argv[0]))
    except Exception as error:  # noqa: BLE001 - whatever a foreign package raises is the answer
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    finally:
        sys.stdout = stdout
    sys.stdout.write(json.dumps(schema, indent=1, default=str) + "\n")
    return 0


if __name__ == "__main__":
    # By its path, its own folder must not hide the standard library's modules behind the SDK's.
    sys.path[:] = [entry for entry in sys.path if entry != __file__.rpartition("/")[0]]
    sys.exit(_main(sys.argv[1:]))
