"""The algorithms that there are, as XuanCe itself registers them."""

from __future__ import annotations

import ast
import importlib.util
from functools import lru_cache
from pathlib import Path

#: Package of XuanCe's agents to what this worker cannot offer them.
UNSUPPORTED = {
    "base": "it does not learn",
    "offline_rl": "it learns from a recorded data set, not from an environment",
    "contrastive_unsupervised_rl": "it learns from pictures, with XuanCe's Atari preprocessing",
}
#: What XuanCe 1.4.4 itself ends with, in any environment of this worker.
BROKEN = {
    "COMA": "TypeError: delta must be a float or int, got: <class 'NoneType'> (coma_learner.py, line 22)",
    "CWQMIX": "AttributeError: 'dict' object has no attribute 'reshape' (wqmix_learner.py, line 111)",
    "DCG": "NameError: name 'torch_scatter' is not defined (a package that has to be compiled)",
    "DCG_S": "NameError: name 'torch_scatter' is not defined (a package that has to be compiled)",
    "NPG": "AttributeError: 'NoneType' object has no attribute 'state_dict' when it saves (learner.py, line 88)",
    "QTRAN_alt": "AttributeError: 'tuple' object has no attribute 'reshape' (qtran_learner.py)",
    "DreamerV2": "TypeError: Buffer.__init__() missing 2 required positional arguments",
    "DreamerV3": "TypeError: Buffer.__init__() missing 2 required positional arguments",
}
#: Algorithms of hybrid actions: a choice and its parameters.
_HYBRID = ("PDQN", "MPDQN", "SPDQN")
_SEVERAL = "multi_agent_rl"
BACKENDS = {"torch": "torch", "tensorflow": "tensorflow"}


@lru_cache(maxsize=4)
def registered(backend: str = "torch") -> dict[str, tuple[str, str]]:
    """Return XuanCe's registry without importing it: name to class and package; empty where it is not installed.

    Args:
        backend: ``torch`` or ``tensorflow``.
    """
    spec = importlib.util.find_spec("xuance")
    if spec is None or not spec.origin:
        return {}
    path = Path(spec.origin).parent / BACKENDS[backend] / "agents" / "__init__.py"
    if not path.is_file():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    homes = {
        alias.asname or alias.name: (node.module or "").rpartition(".")[2]
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Dict)
            and any(isinstance(target, ast.Name) and target.id == "REGISTRY_Agents" for target in node.targets)
        ):
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {
                str(key.value): (value.id, homes.get(value.id, ""))
                for key, value in pairs
                if isinstance(key, ast.Constant) and isinstance(value, ast.Name)
            }
    return {}


def reason_against(name: str) -> str | None:
    """Return why a registered algorithm cannot be trained here, or ``None``."""
    if name in _HYBRID:
        return "it takes hybrid actions (a choice with parameters), which no environment of this worker has"
    if name in BROKEN:
        return f"XuanCe 1.4.4 itself fails with {BROKEN[name]}"
    return UNSUPPORTED.get(registered().get(name, ("", ""))[1])


def algorithm_names() -> tuple[str, ...]:
    """Return the names of all algorithms that can be trained, sorted; none where XuanCe is not installed."""
    return tuple(sorted((name for name in registered() if reason_against(name) is None), key=str.lower))


def find_algorithm(name: str) -> str | None:
    """Return a registered name as XuanCe writes it, or ``None``; only letters and digits count."""
    return next((known for known in registered() if _plain(known) == _plain(name)), None)


def several_agents(name: str) -> bool:
    """Return whether an algorithm is one for several agents."""
    return registered().get(name, ("", ""))[1] == _SEVERAL


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
