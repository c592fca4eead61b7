"""What differs between a checkpoint's settings and a run's is said key by key."""

from __future__ import annotations

from gym_gui.core.worker import differing_settings


def test_what_differs_is_named_key_by_key() -> None:
    there = {"hidden_sizes": [64, 64], "share": True, "env_kwargs": {"n": 3, "map": "a"}}
    here = {"hidden_sizes": [16], "share": True, "env_kwargs": {"n": 4, "map": "a", "wind": 0.5}}
    assert differing_settings(there, here) == (
        "hidden_sizes is [64, 64] there and [16] here, env_kwargs.n is 3 there and 4 here,"
        " env_kwargs.wind is not set there and 0.5 here"
    )


def test_nothing_is_said_where_nothing_differs() -> None:
    assert differing_settings({"a": 1, "b": None, "c": {}}, {"a": 1}) == ""
