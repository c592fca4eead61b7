"""What environments are, asked for real of the interpreter of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers import environment_facts
from gym_gui.workers.environment_facts import EnvironmentFacts, FactsCache
from gym_gui.workers.record import WorkerRecord


def record(python: str = sys.executable, package: str = "json") -> WorkerRecord:
    return WorkerRecord(
        name="mine", entry_point=f"{package}:loads", distribution="mine", version="1", python=python, package_hash="1"
    )


def ask(tmp_path: Path, env_id: str, kwargs: dict[str, Any] | None = None, **more: str) -> EnvironmentFacts:
    return FactsCache(tmp_path / "facts").get(record(**more), 1, env_id, kwargs or {})


def test_an_environment_of_gymnasium(tmp_path: Path) -> None:
    pytest.importorskip("gymnasium")
    facts = ask(tmp_path, "CartPole-v1")
    assert (facts.known, facts.families, facts.agents) == (True, ["gymnasium", "classic_control"], 1)
    assert (facts.actions, facts.observations) == ([["discrete"]], [["vector"]])
    blackjack = ask(tmp_path, "Blackjack-v1", {"natural": True})
    assert (blackjack.actions, blackjack.observations) == ([["discrete"]], [["tuple", "dict"]])
    wrong = ask(tmp_path, "CartPole-v1", {"gravitation": 1})
    assert (wrong.known, wrong.actions) == (True, [])
    assert "gravitation" in wrong.reason


def test_one_that_does_not_exist_is_asked_for_again(tmp_path: Path) -> None:
    pytest.importorskip("gymnasium")
    facts = ask(tmp_path, "CartPol-v1")
    assert (facts.known, facts.nearest[0]) == (False, "CartPole-v1")
    assert not (tmp_path / "facts").exists()


def test_a_worker_may_register_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gymnasium")
    code = "import gymnasium\ngymnasium.register('Mine-v0', entry_point='gymnasium.envs.toy_text:FrozenLakeEnv')\n"
    (tmp_path / "registers_its_own.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert ask(tmp_path, "Mine-v0", package="registers_its_own").observations == [["discrete"]]


def test_a_package_in_the_id_registers_its_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gymnasium")
    code = "import gymnasium\ngymnasium.register('Mine-v0', entry_point='gymnasium.envs.toy_text:FrozenLakeEnv')\n"
    (tmp_path / "my_envs.py").write_text(code)
    (tmp_path / "broken_envs.py").write_text("import no_such_library\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert ask(tmp_path, "my_envs:Mine-v0").observations == [["discrete"]]
    own = (
        "import gymnasium\nclass Own(gymnasium.Env):\n    action_space = gymnasium.spaces.Discrete(2)\n"
        "gymnasium.register('Own-v0', entry_point=Own)\n"
    )
    (tmp_path / "class_envs.py").write_text(own)
    assert ask(tmp_path, "class_envs:Own-v0").families == ["gymnasium", "class_envs"]
    mistyped = ask(tmp_path, "my_envs:Mine-v1")
    assert (mistyped.known, mistyped.nearest) == (False, ["my_envs:Mine-v0"])
    for package, missing in (("no_envs", "no_envs"), ("broken_envs", "no_such_library")):
        facts = ask(tmp_path, f"{package}:Mine-v0")
        assert (facts.known, facts.nearest) == (False, [])
        assert f"the package '{package}' cannot be imported" in facts.reason
        assert f"No module named '{missing}'" in facts.reason


def test_what_cannot_be_told(tmp_path: Path) -> None:
    for python, told in (("/nowhere/python", "No such file"), ("/bin/false", ""), ("/bin/echo", "")):
        facts = ask(tmp_path, "CartPole-v1", python=python)
        assert facts.known is None
        assert told in facts.reason


def test_a_probe_that_failed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gymnasium")
    monkeypatch.setattr(environment_facts, "PROBE_TIMEOUT_S", 0.001)
    facts = ask(tmp_path, "CartPole-v1")
    assert (facts.known, facts.reason) == (None, "it did not end within 0.001 s")
    monkeypatch.undo()
    assert ask(tmp_path, "CartPole-v1").known


def test_an_answer_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gymnasium")
    reader = FactsCache(tmp_path / "facts", persist=False)
    first = reader.get(record(), 1, "CartPole-v1", {})
    assert not (tmp_path / "facts").exists()
    reader.save()
    monkeypatch.setattr(subprocess, "Popen", None)
    assert reader.get(record(), 1, "CartPole-v1", {}) == first
    assert FactsCache(tmp_path / "facts").get(record(), 1, "CartPole-v1", {}) == first
    with pytest.raises(TypeError):
        FactsCache(tmp_path / "facts").get(record(), 2, "CartPole-v1", {})  # other packages: asked anew


def test_what_a_worker_says_itself_is_believed(tmp_path: Path) -> None:
    cache = FactsCache(tmp_path / "facts")
    cache.trust(record(), 1, "Mine-v7", {})
    assert FactsCache(tmp_path / "facts").get(record(), 1, "Mine-v7", {}).known is None
