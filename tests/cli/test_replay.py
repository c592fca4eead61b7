"""`mosaic replay` shows an episode step by step, and writes it as a video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def run_id(mosaic: Any) -> str:
    ended = mosaic("train", "random", "--env", "CartPole-v1", "--steps", "120", "--set", "observations=true", "--seed",
                   "1", "--name", "one", "--json")  # fmt: skip
    return str(ended.runs[0]["run_id"])


def test_its_steps_are_printed_and_its_video_is_written(mosaic: Any, run_id: str, tmp_path: Path) -> None:
    shown = mosaic("replay", "one", "0", "--json").json
    count = shown["episode"]["steps"]
    assert len(shown["steps"]) == count
    assert shown["steps"][0]["action"] in (0, 1)
    assert len(shown["steps"][0]["observation"]) == 4
    text = mosaic("replay", run_id, str(shown["episode"]["id"]))
    lines = text.stdout.splitlines()
    assert (len(lines), lines[0].split(",")[0], lines[2].split()[0]) == (count + 3, "train episode 0", "reset")
    assert lines[-1].split()[:3] == [str(count), "1", str(count)]
    assert lines[-1].endswith("terminated")

    written = mosaic("replay", "one", "0", "-o", str(tmp_path / "a.gif"), "--fps", "20")
    assert written.code == 0, written.stderr
    assert f"did again all that was recorded: {count} rewards and {count + 1} observations" in written.stderr
    with Image.open(tmp_path / "a.gif") as gif:
        assert sum(_duration_ms(gif, number) for number in range(gif.n_frames)) == (count + 1) * 50
    folder = mosaic("replay", "one", "best", "-o", str(tmp_path / "pictures"), "--size", "100", "--json").json
    assert folder["replay"]["outcome"] == "reproduced"
    assert len(list((tmp_path / "pictures").iterdir())) == folder["replay"]["frames"]
    with Image.open(tmp_path / "pictures" / "000000.png") as picture:
        assert max(picture.size) <= 100

    taken = mosaic("replay", "one", "0", "-o", str(tmp_path / "pictures"))
    assert (taken.code, "the folder is not empty" in taken.stderr) == (2, True)
    for reference in ("99", "first", "1" * 30):
        refused = mosaic("replay", "one", reference)
        assert refused.code == 2
        assert "mosaic runs episodes" in refused.stderr
    stored = mosaic("replay", "one", "0", "-o", str(tmp_path / "b.gif"), "--source", "stored")
    assert (stored.code, "recorded no frames" in stored.stderr) == (1, True)
    assert not (tmp_path / "b.gif").exists()


def _duration_ms(gif: Any, number: int) -> int:
    gif.seek(number)
    return int(gif.info["duration"])
