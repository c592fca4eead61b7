"""Makes the agent one file, ``worker_agent.py``, from the modules of this package: one copy, and it runs."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

#: The modules, each after those that it imports.
MODULES = (
    "file_lock",
    "private_folder",
    "windows_system",
    "process_tree",
    "health",
    "machine",
    "server",
    "shipper",
    "processes",
    "command_launcher",
    "environment_builder",
    "environments",
    "worker_program",
    "attempt_build",
    "inputs",
    "attempt",
    "agent",
    "monitoring",
    "study_command",
    "study_lock",
    "study_record",
    "outbox",
    "proxy_certificate",
    "study_proxy",
    "worker_agent",
    "service",
    "options",
    "main",
)
#: What the file is called.
FILE_NAME = "worker_agent.py"
_PACKAGE = "gym_gui.fleet.agent."
_FOLDER = Path(__file__).parent
_LAUNCHER = _FOLDER.parents[1] / "supervision" / "launcher.py"
_HEAD = '''#!/usr/bin/env python3
"""The agent of MOSAIC {version} in one file: carries out a server's runs and studies on this machine.

Needs Python 3.8 or later, and nothing else:

    python worker_agent.py --server https://HOST:8787 --token TOKEN

Without a token it takes studies by the plain calls of a monitoring server (``--help``). Made by
``mosaic agent --write worker_agent.py``: change the modules of ``gym_gui/fleet/agent``, not this file.
"""

from __future__ import annotations

'''
_FOOT = """

if __name__ == "__main__":
    _FILE_PATH = Path(__file__).absolute()
    sys.exit(run_agent(program=[sys.executable, str(_FILE_PATH)], beside=_FILE_PATH.parent))
"""


class _Module(NamedTuple):
    """A module, taken apart."""

    imports: list[str]
    """Lines that import from the standard library."""
    names: dict[str, str]
    """What it defines at its top level; the text of each."""
    body: str


def single_file(version: str) -> str:
    """Return the agent as one file.

    Args:
        version: Of MOSAIC.

    Raises:
        ValueError: The modules do not fit into one: a name has two meanings, or one imports something else than the
            standard library.
        OSError: They cannot be read.
    """
    imports: set[str] = set()
    names: dict[str, str] = {}
    bodies: list[str] = []
    for name in MODULES:
        module = _take_apart(name, (_FOLDER / f"{name}.py").read_text("utf-8"))
        for defined, text in module.names.items():
            if names.setdefault(defined, text) != text:
                raise ValueError(f"{defined} of {name}.py has another meaning in another module")
        imports.update(module.imports)
        bodies.append(f"\n\n# --- {name}.py\n\n{module.body.strip()}\n")
    both = names.keys() & {line.split()[-1].split(".")[0] for line in imports}
    if both:
        raise ValueError(f"{', '.join(sorted(both))}: defined by one module, and imported by another")
    embedded = {"LAUNCHER_SOURCE": _LAUNCHER.read_text("utf-8"), "VERSION": version}
    lines = [f"{name} = {_literal(text)}" for name, text in embedded.items()]
    empty = 'LAUNCHER_SOURCE, VERSION = "", ""\n'
    text = "".join(bodies)
    if text.count(empty) != 1:
        raise ValueError("main.py has no place for the launcher")
    text = text.replace(empty, "\n".join(lines) + "\n")
    return _HEAD.format(version=version) + "\n".join(sorted(imports)) + "\n" + text + _FOOT


def _take_apart(name: str, source: str) -> _Module:
    tree = ast.parse(source)
    imports: list[str] = []
    names: dict[str, str] = {}
    lines = source.splitlines()
    begin, end = 0, len(lines)
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports += _imports(name, node)
            begin = node.end_lineno or begin
        elif isinstance(node, ast.If):  # the start as a program
            end = node.lineno - 1
        else:
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            names.update((each, text) for each in _defined(node))
    return _Module(imports, names, "\n".join(lines[begin:end]))


def _imports(name: str, node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the lines that import what a module needs from the standard library, one a name."""
    if isinstance(node, ast.Import):
        return [f"import {alias.name}" for alias in node.names]
    module = node.module or ""
    if module == "__future__" or (module.startswith(_PACKAGE) and module[len(_PACKAGE) :] in MODULES):
        return []
    if node.level or module.startswith("gym_gui"):
        raise ValueError(f"{name}.py imports {module or '.'}, which is not a module of the single file")
    return [f"from {module} import {alias.name}" for alias in node.names]


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [node.target.id] if isinstance(node.target, ast.Name) else []
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def _literal(text: str) -> str:
    """Return a string as it is written in a program, in lines that can be read.

    Raises:
        ValueError: It cannot be written that way.
    """
    raw = f"r'''{text}'''" if "\n" in text else repr(text)
    if ast.literal_eval(raw) != text:
        raise ValueError("launcher.py has three single quotes, or ends in a backslash")
    return raw
