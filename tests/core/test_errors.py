from __future__ import annotations

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError, nearest


def test_four_parts() -> None:
    error = MosaicError("It broke", where="run 1", why="dust", next_step="mosaic doctor")
    assert str(error) == "It broke\n  where: run 1\n  why:   dust\n  next:  mosaic doctor"
    assert str(MosaicError("It broke")) == "It broke"


def test_exit_codes() -> None:
    assert (MosaicError.exit_code, UsageError.exit_code, ConfigError.exit_code) == (1, 2, 2)


def test_config_error_lists_every_problem() -> None:
    problems = [
        Problem("a.b", "is unknown", value=1, nearest="a.c"),
        Problem("x", "is missing", allowed="a number"),
        Problem("y", "The file is empty.\n  where: y.pt"),
    ]
    error = ConfigError("bad config", problems, where="c.json", next_step="fix it and install again")
    assert isinstance(error, ValueError)
    assert str(error).splitlines() == [
        "bad config",
        "  where: c.json",
        "  - a.b: is unknown; did you mean 'a.c'?",
        "  - x: is missing (allowed: a number)",
        "  - y: The file is empty.",
        "      where: y.pt",
        "  next:  fix it and install again",
    ]
    assert problems[0].to_dict() == {
        "path": "a.b",
        "message": "is unknown",
        "value": 1,
        "allowed": "",
        "nearest": "a.c",
    }
    assert "is missing" in repr(problems[1])


def test_nearest() -> None:
    assert nearest("clenrl", ["cleanrl", "random"]) == "cleanrl"
    assert nearest("cartpole-v1", ["CartPole-v1"]) == "CartPole-v1"
    assert nearest("zzz", ["cleanrl"]) is None
