from __future__ import annotations

import json

import pytest

from gym_gui.cli.progress.ending import readable

FAILED = {
    "timestamp": 1.5, "level": "ERROR", "logger": "tiny", "message": "Tiny worker runtime failed", "code": "LOG1",
    "exception": "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no\n  next:  mend it",
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (json.dumps(FAILED), "ERROR: Tiny worker runtime failed"),
        (json.dumps({"level": "INFO", "message": "one\n two"}), "INFO: one two"),
        (json.dumps({"level": "INFO", "message": "red \x1b[31m"}), "INFO: red \x1b[31m"),
        ("ValueError: no", "ValueError: no"),
        ('{"a": 1}', '{"a": 1}'),
        ('{"level": "INFO", "message"', '{"level": "INFO", "message"'),
        ("{" * 5000, "{" * 5000),
    ],
)
def test_log_records_are_shown_as_sentences(line: str, shown: str) -> None:
    assert readable(line) == shown
