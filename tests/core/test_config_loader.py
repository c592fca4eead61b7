from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker import ConfigError, extract_worker_config, load_worker_config_from_file

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_config = st.dictionaries(st.text().filter(lambda name: name != "metadata"), _json, max_size=5)


@given(config=_config)
def test_flat_and_nested_give_the_same(config: dict[str, Any]) -> None:
    assert extract_worker_config(config) == config
    assert extract_worker_config({"run_name": "x", "metadata": {"ui": {}, "worker": {"config": config}}}) == config
    assert extract_worker_config({**config, "metadata": None}) == config


@given(data=_json)
def test_anything_gives_a_config_or_a_clear_error(data: Any) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(extract_worker_config(data), dict)


def test_what_is_extracted_is_a_copy() -> None:
    config = {"a": 1}
    assert extract_worker_config(config) is not config


def test_metadata_without_a_worker_is_a_field_like_others() -> None:
    assert extract_worker_config({"run_id": "r", "metadata": {"note": "x"}}) == {
        "run_id": "r",
        "metadata": {"note": "x"},
    }


def test_worker_without_a_config_is_empty() -> None:
    assert extract_worker_config({"metadata": {"worker": {"module": "x.cli"}}}) == {}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], "config"),
        ({"metadata": {"worker": "x"}}, "metadata.worker"),
        ({"metadata": {"worker": {"config": [1]}}}, "metadata.worker.config"),
    ],
)
def test_wrong_shapes_are_named(data: Any, path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        extract_worker_config(data)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"run_id": "r", "name": "größer"}), encoding="utf-8-sig")
    assert load_worker_config_from_file(str(path)) == {"run_id": "r", "name": "größer"}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Config file not found: .*none\.json"):
        load_worker_config_from_file(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        ('{"name": "größer"}'.encode("latin-1"), "is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[1]", "is not valid"),
    ],
)
def test_files_that_are_no_config(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=reason) as caught:
        load_worker_config_from_file(path)
    assert str(path) in str(caught.value)


def test_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_worker_config_from_file(tmp_path)
