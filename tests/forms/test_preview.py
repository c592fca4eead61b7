"""What a form shows of the run configs that it makes."""

from __future__ import annotations

import json

from real_workers import record_of

from gym_gui.forms import config_text, make_form, to_run_configs

FORM = make_form(record_of("spade_bdi"))


def test_it_is_what_is_started() -> None:
    configs = to_run_configs(FORM, {"config.gamma": "0.5", "seeds": "1-3"})
    assert json.loads(config_text(FORM, configs)) == configs
    assert json.loads(config_text(FORM, configs[:1])) == configs[0]


def test_secrets_are_marked() -> None:
    values = {"config.xmpp_password": "open sesame", "environment": {"API_KEY": "k-123456"}, "secrets": ["API_KEY"]}
    text = config_text(FORM, to_run_configs(FORM, values))
    assert "open sesame" not in text
    assert "k-123456" not in text
    assert json.loads(text)["secrets"] == ["API_KEY"]


def test_of_many_the_first_are_shown() -> None:
    text = config_text(FORM, to_run_configs(FORM, {"seeds": "1-1000"}))
    first, _, rest = text.partition("\n")
    assert first == "# the first 10 of 1,000 runs"
    assert len(json.loads(rest)) == 10
