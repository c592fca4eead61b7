"""Presets: saved whole, found again, never lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from real_workers import record_of

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.forms import Presets, make_form

FORM = make_form(record_of("spade_bdi"))


def test_saved_listed_and_deleted(home: Path) -> None:
    presets = Presets(home, "spade_bdi")
    assert presets.all() == {}
    assert not presets.path.parent.exists()
    assert presets.save(FORM, "slow", {"config.learning_rate": "1e-3", "seeds": "1-5"}) == []
    assert presets.save(FORM, "a fast one", {"config.learning_rate": None}) == []
    assert Presets(home, "spade_bdi").all() == {
        "a fast one": {"config.learning_rate": None},
        "slow": {"config.learning_rate": "1e-3", "seeds": "1-5"},
    }
    presets.save(FORM, "slow", {})
    presets.delete("a fast one")
    assert presets.all() == {"slow": {}}
    assert presets.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="did you mean 'slow'"):
        presets.delete("slw")


def test_secrets_are_not_written(home: Path) -> None:
    presets = Presets(home, "spade_bdi")
    values = {
        "config.xmpp_password": "hunter2-hunter2",
        "environment": {"A_TOKEN": "tokentoken", "B": "1"},
        "config.env_kwargs": '{"api_key": "keykeykey"}',
        "notes": "logs in with hunter2-hunter2",
        "secrets": ["OTHER"],
    }
    hidden = presets.save(FORM, "x", values)
    assert sorted(hidden) == ["config.env_kwargs", "config.xmpp_password", "environment", "notes"]
    assert presets.all()["x"] == {
        "environment": {"A_TOKEN": "${secret}", "B": "1"},
        "config.env_kwargs": {"api_key": "${secret}"},
        "notes": "${secret}",
        "secrets": ["OTHER"],
    }
    text = presets.path.read_text()
    assert not any(secret in text for secret in ("hunter2", "tokentoken", "keykeykey"))


@pytest.mark.parametrize("name", ["", " ", " a", "a" * 81, "a\nb", "a\x1b[2J", "a\u202eb"])
def test_names_that_are_refused(home: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a preset"):
        Presets(home, "spade_bdi").save(FORM, name, {})


@pytest.mark.parametrize("worker", ["", "..", "a/b", "../x", ".hidden", "a\0b"])
def test_a_worker_cannot_lead_elsewhere(home: Path, worker: str) -> None:
    with pytest.raises(UsageError, match="not the name of a worker"):
        Presets(home, worker)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"presets": 3}', '{"presets": {"a": 1}}', "\xff"])
def test_a_damaged_file_is_renamed_and_reported_once(home: Path, text: str) -> None:
    presets = Presets(home, "spade_bdi")
    presets.path.parent.mkdir()
    presets.path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MosaicError, match="are damaged") as reported:
        presets.save(FORM, "new", {})
    kept = Path(reported.value.where)
    assert kept.read_bytes() == text.encode("latin-1")
    assert presets.all() == {}
    presets.save(FORM, "new", {"seeds": 1})
    assert presets.all() == {"new": {"seeds": 1}}
    assert kept.read_bytes() == text.encode("latin-1")


def test_a_file_of_a_later_version_stays_where_it_is(home: Path) -> None:
    presets = Presets(home, "spade_bdi")
    presets.path.parent.mkdir()
    presets.path.write_text(json.dumps({"schema": 2, "presets": {}}))
    with pytest.raises(UsageError, match="later version"):
        presets.all()
    assert presets.path.exists()


def test_what_is_not_a_file_is_left_alone(home: Path, tmp_path: Path) -> None:
    presets = Presets(home, "spade_bdi")
    presets.path.parent.mkdir()
    (tmp_path / "elsewhere.json").write_text("{}")
    presets.path.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(MosaicError, match="cannot be read or written"):
        presets.all()
    assert presets.path.is_symlink()


def test_savers_at_the_same_time_lose_nothing(home: Path) -> None:
    def save(number: int) -> None:
        Presets(home, "spade_bdi").save(FORM, f"p{number}", {"seeds": number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(40)))
    assert Presets(home, "spade_bdi").all() == {
        f"p{number}": {"seeds": number} for number in sorted(range(40), key=str)
    }
