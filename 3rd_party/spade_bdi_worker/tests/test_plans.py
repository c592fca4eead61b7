"""Agents' reasoning, without any server."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("agentspeak", reason="needs the worker's library")
pytestmark = pytest.mark.library


def mind_of(plans: str, actions: Any = None) -> Any:
    import agentspeak as asp
    from agentspeak import runtime, stdlib

    from spade_bdi_worker.bdi.beliefs import Mind

    source = StringIO(plans)
    source.name = "test.asl"
    return runtime.Environment().build_agent(source, actions or asp.Actions(stdlib.actions), agent_cls=Mind)


def believed(mind: Any) -> list[str]:
    return [str(belief) for belief in mind.believed()]


def test_what_is_perceived_replaces_what_was_perceived_before() -> None:
    mind = mind_of("+state(S) : S > 3 <- +far(S). +state(_).")
    mind.perceive("state", 2)
    mind.perceive("state", 5)
    mind.run()
    assert believed(mind) == ["state(5)[source(percept)]", "far(5)"]


def test_perceived_booleans_are_agentspeaks_own() -> None:
    mind = mind_of("+!ask : over(true) <- +yes. +!ask : over(false) <- +no. !wait. +!wait.")
    for over, told in ((False, "no"), (True, "yes")):
        mind.perceive("over", over)
        import agentspeak as asp
        from agentspeak import runtime

        mind.call(asp.Trigger.addition, asp.GoalType.achievement, asp.Literal("ask"), runtime.Intention())
        mind.run()
        assert told in believed(mind)


def test_the_first_belief_that_came_is_the_first_that_fits() -> None:
    program = (
        "from test_plans import mind_of\n"
        "names = [f'b{i}' for i in range(30)]\n"
        "mind = mind_of(' '.join(f'option({name}).' for name in names) + ' !pick. +!pick : option(X) <- +picked(X).')\n"
        "mind.run()\n"
        "print([str(b) for b in mind.believed() if str(b).startswith('picked')])\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=Path(__file__).parent, env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert told == {"['picked(b0)']\n"}


@pytest.mark.parametrize(("plans", "told"), [("+!act <- .do(", "line 1: unexpected"), ("!!!", "line 1: unexpected")])
def test_plans_that_are_no_agentspeak_are_refused(tmp_path: Path, plans: str, told: str) -> None:
    from gym_gui.core.worker.errors import UsageError
    from spade_bdi_worker.bdi.agents import check_plans

    (tmp_path / "no.asl").write_text(plans)
    with pytest.raises(UsageError, match=told):
        check_plans(tmp_path / "no.asl")


def test_the_packages_own_plans_are_agentspeak() -> None:
    from spade_bdi_worker.bdi.agents import PLANS, check_plans

    for name in ("learner.asl", "coordinator.asl"):
        check_plans(PLANS / name)
