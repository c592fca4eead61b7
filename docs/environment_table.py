"""Draws the page of what each worker does with awkward environments, from the results of ``3rd_party/tests/survey.py``."""

from __future__ import annotations

import json
import re
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "3rd_party" / "tests" / "environments.json"
_HEADINGS = {
    "actions": ("Action spaces", "With each, an observation is a vector of two numbers."),
    "observations": ("Observation spaces", "With each, there are two discrete actions."),
    "habit": ("Habits", "Two discrete actions, a vector of two numbers as the observation."),
}
_NAMES = {
    "Discrete": "`Discrete(n)`",
    "DiscreteStart": "`Discrete(n, start=1)` or greater",
    "DiscreteNegativeStart": "`Discrete(n, start=-5)` or other negative ones",
    "MultiDiscrete": "`MultiDiscrete`",
    "MultiDiscreteStart": "`MultiDiscrete` with `start`",
    "MultiDiscrete2D": "`MultiDiscrete`, two-dimensional",
    "MultiBinary": "`MultiBinary`",
    "MultiBinary2D": "`MultiBinary`, two-dimensional",
    "BoxScalar": "`Box(shape=())`",
    "BoxPlain": "`Box`, bounded, not symmetric",
    "Box2D": "`Box`, two-dimensional",
    "BoxFloat64": "`Box` of `float64`",
    "BoxInteger": "`Box` of integers",
    "BoxUnbounded": "`Box` without bounds",
    "BoxHalfBounded": "`Box` with lower bounds alone",
    "BoxHuge": "`Box` from -1e300 to 1e300",
    "Dict": "`Dict`",
    "Tuple": "`Tuple`",
    "NestedDict": "`Dict` in a `Dict`",
    "DictOfScalar": "`Dict` of `Box(shape=())`",
    "Text": "`Text`",
    "Sequence": "`Sequence`",
    "Graph": "`Graph`",
    "OneOf": "`OneOf`",
    "ReusedArrays": "returns one array, whose content changes",
    "HalfPrecisionRewards": "rewards are `float16` arrays",
    "BothEnds": "`terminated` and `truncated` at the same step",
    "Endless": "an episode longer than the run",
    "OneDies": "one environment raises an error, the others go on",
}
_CELLS = {"trains": "trains", "refused": "refused", "fails": "fails, saying so"}


def environments_page() -> str:
    """Return the page: a table of each kind of space and habit, and the reasons for what is refused.

    Raises:
        KeyError: A result is none that a page may show.
    """
    results: dict[str, dict[str, list[str]]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    workers = sorted(results)
    reasons: dict[str, int] = {}
    lines = [
        "# Environments of your own",
        "",
        "Any Gymnasium environment can be named as `package:Name-v0`: its package is imported first, by the Python of the worker's environment.",
        "The workers below were run on environments with unusual spaces and habits, whose actions are checked and whose returns are known:",
        "",
        "* *trains*: the run completed, all actions lay in the space, all returns were right. Algorithms are named where others refuse.",
        "* *refused*: before the run is queued, with the reason below.",
        "* *fails, saying so*: the run fails with the error of the environment.",
        "",
        "[`balrog`](balrog.md), [`benchmarl`](benchmarl.md), [`marllib`](marllib.md) and [`mctx`](mctx.md) take the",
        "environments of their libraries alone ([`goliat`](goliat.md) none at all). Any other one is refused before the run is queued:",
        "",
        "```console",
        "$ mosaic train mctx --env my_package:Own-v0",
        "error: the run config is not valid",
        "  where: command line",
        '  - metadata.worker.config.env_id = "my_package:Own-v0": is not a game of Pgx (missing capability: environments of other libraries) (allowed: 2048, animal_shogi, backgammon, …)',
        "  next:  list its settings: mosaic workers describe mctx",
        "```",
        "",
        "The page is drawn from the results of `python 3rd_party/tests/survey.py NAME...`.",
    ]
    for kind, (heading, text) in _HEADINGS.items():
        lines += ["", f"## {heading}", "", text, "", f"| | {' | '.join(f'`{name}`' for name in workers)} |"]
        lines.append("|---" * (len(workers) + 1) + "|")
        cases = [name for name in _NAMES if any(f"{kind}: {name}" in results[worker] for worker in workers)]
        for case in cases:
            cells = [_cell(worker, results[worker].get(f"{kind}: {case}"), reasons) for worker in workers]
            lines.append(f"| {_NAMES[case]} | {' | '.join(cells)} |")
    lines += ["", "## Reasons", "", *(f"{number}. {reason}" for reason, number in reasons.items()), ""]
    return "\n".join(lines)


def _cell(worker: str, found: list[str] | None, reasons: dict[str, int]) -> str:
    if found is None:
        return ""
    what, why = found
    if what == "refused":
        return f"refused ({reasons.setdefault(f'`{worker}`: {_general(why)}', len(reasons) + 1)})"
    return f"{_CELLS[what]}: {why}" if what == "trains" and why else _CELLS[what]


def _general(why: str) -> str:
    """Return a reason without the name and the space of the one environment."""
    plain = re.sub(r",? awkward_\w+:\S+ has .*", "", " ".join(why.split()))
    return re.sub(
        r"its (actions are|observations hold) .*?, and this worker's", r"its \1 others, and this worker's", plain
    )
