from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.config_file import load_config_file


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as raised:
        load_config_file(path)
    assert str(path) in str(raised.value)
    return str(raised.value)


def test_an_object_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"run_name": "Zürich", "x": [1, 2.5, null]}', encoding="utf-8")
    assert load_config_file(path) == {"run_name": "Zürich", "x": [1, 2.5, None]}


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("{}", encoding="utf-8-sig")
    assert load_config_file(str(path)) == {}


def test_missing(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}")
    text = refused(tmp_path / "dmo.json")
    assert "no such config file" in text
    assert "demo.json" in text
    assert "no such" in refused(tmp_path / "nowhere" / "x.json")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('{\n  "a": 1,\n  "b" 2\n}', "line 3, column 7", ""),
        ("{'a': 1}", "line 1, column 2", "double quotes"),
        ('{"a": 1,}', "line 1", "comma"),
        ('{\n// note\n"a": 1}', "line 2, column 1", "comments"),
        ("", "line 1, column 1", "empty"),
        ('{"a": 1', "line 1", "ends too early"),
    ],
)
def test_malformed(tmp_path: Path, text: str, place: str, reason: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    told = refused(path)
    assert place in told
    assert reason in told


@pytest.mark.parametrize(
    ("encoding", "name", "source"),
    [("utf-16", "UTF-16", "UTF-16"), ("utf-16-le", "UTF-16", "UTF-16"), ("utf-32", "UTF-32", "UTF-32"),
     ("latin-1", "Latin-1", "LATIN1")],
)  # fmt: skip
def test_another_encoding_is_named(tmp_path: Path, encoding: str, name: str, source: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes('{\n"run_name": "Zürich"}'.encode(encoding))
    told = refused(path)
    assert "not UTF-8" in told
    assert name in told
    assert f"iconv -f {source}" in told


@pytest.mark.parametrize(
    ("text", "found"), [("[]", "a list"), ("null", "null"), ('"a"', "text"), ("3", "a number"), ("true", "a boolean")]
)
def test_no_object(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    assert f"is {found}, not an object" in refused(path)


def test_twice_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"a": 1, "b": {"c": 1, "c": 2}}')
    assert "'c'" in refused(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000])
def test_what_python_would_not_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"a": ' + text + "}" if text[0] == "9" else text)
    refused(path)


@pytest.mark.parametrize("depth", [66, 900, 100_000])
def test_a_deep_file_is_refused(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "deep.json"
    path.write_text('{"a": {"b": ' + "[" * depth + "]" * depth + "}}")
    with pytest.raises(UsageError, match="nested too deeply") as refused:
        load_config_file(path)
    assert str(path) in refused.value.where
