from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gym_gui.runs.syntax_error import with_source_line


@pytest.mark.process
@pytest.mark.parametrize("code", ["x = 1\ndef f(:\n    pass\n", "if True:\nx = 1\n"])
def test_a_syntax_error_tells_file_and_line(tmp_path: Path, code: str) -> None:
    path = tmp_path / "bad script.py"
    path.write_text(code)
    said = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False).stderr
    lines = said.splitlines()
    assert with_source_line(lines[-1], lines).endswith(f"({path}, line 2)")


def test_other_lines_stay() -> None:
    assert with_source_line("ValueError: x", ['  File "a.py", line 3', "ValueError: x"]) == "ValueError: x"
    assert with_source_line("SyntaxError: x", ["SyntaxError: x"]) == "SyntaxError: x"
