"""Videos are files that other programs open, with as many frames as there were pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.app.video import check_output, open_sink
from gym_gui.core.worker.errors import MosaicError, UsageError

Image = pytest.importorskip("PIL.Image")


def picture(number: int, size: tuple[int, int] = (31, 21)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (number * 20, 0, 255 - number * 20)).save(stream, "png")
    return stream.getvalue()


def write(path: Path, count: int = 7) -> None:
    with open_sink(path, fps=10) as sink:
        for number in range(count):
            sink.add(number, "image/png", picture(number))


def test_a_gif_has_every_picture(tmp_path: Path) -> None:
    write(tmp_path / "new" / "a.gif")
    with Image.open(tmp_path / "new" / "a.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"]) == (7, (31, 21), 100)


@pytest.mark.process
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library's reader leaves pipes open
def test_an_mp4_has_every_picture(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    write(tmp_path / "a.mp4")
    assert ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))[0] == 7
    frames = ffmpeg.read_frames(str(tmp_path / "a.mp4"))
    assert next(frames)["size"] == (32, 22)  # H.264 takes even sizes alone
    frames.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_folder_has_a_file_for_each(tmp_path: Path) -> None:
    write(tmp_path / "pictures")
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [f"{n:06d}.png" for n in range(7)]
    assert (tmp_path / "pictures" / "000003.png").read_bytes() == picture(3)
    with pytest.raises(UsageError, match="cannot be written") as caught:
        check_output(tmp_path / "pictures")
    assert caught.value.why == "the folder is not empty"


@pytest.mark.process
@pytest.mark.parametrize("name", ["a.gif", "a.mp4", "a"])
def test_it_can_begin_anew_and_leaves_nothing_of_a_failure(tmp_path: Path, name: str) -> None:
    pytest.importorskip("imageio_ffmpeg")
    place = tmp_path / name
    with open_sink(place, fps=10) as sink:
        sink.add(0, "image/png", picture(0, (64, 64)))
        sink.restart()
        sink.add(1, "image/png", picture(1))
    assert place.is_dir() or place.stat().st_size > 0
    with pytest.raises(MosaicError, match="cannot be read"), open_sink(tmp_path / "b.gif", fps=10) as sink:
        sink.add(0, "image/png", b"<svg/>")
    write(tmp_path / "none", 0)
    write(tmp_path / "none.gif", 0)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "missing", "text"),
    [("a.gif", "PIL", "need Pillow"), ("a.mp4", "imageio_ffmpeg", "need imageio-ffmpeg"), ("a.avi", "", "'.avi'")],
)
def test_what_is_missing_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, name: str, missing: str, text: str
) -> None:
    find: Any = lambda module: None if module == missing else sys  # noqa: E731
    monkeypatch.setattr("gym_gui.app.video.find_spec", find)
    with pytest.raises(UsageError, match=text) as caught:
        check_output(Path(name))
    assert "mosaic-rl[video]" in caught.value.next_step or not missing


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "file" / "a.gif")
