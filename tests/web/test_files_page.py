"""Pictures, videos and texts of a run are shown in place; what cannot be shown says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.rpc.client import TrainerClient

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def folder(client: TrainerClient, random_config: Callable[..., dict[str, Any]], daemon_home: Path) -> Path:
    run_id = client.submit(random_config(total_steps=50))
    for _ in client.watch([run_id]):
        pass
    folder = daemon_home / "runs" / run_id / "videos"
    folder.mkdir()
    frames = [Image.new("RGB", (40, 30), (shade, 0, 0)) for shade in (0, 200)]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    (folder / "large.png").touch()
    with (folder / "large.png").open("r+b") as file:
        file.truncate(40 << 20)
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "long.txt").write_text("a line <b>that is text</b>\n" * 10_000)
    return folder


def test_files_are_shown_in_place(page: Any, folder: Path) -> None:
    page.goto(f"{page.url.split('#')[0].rstrip('/')}/runs/{folder.parent.name}?tab=files&path=videos")
    page.wait_for_selector("tbody tr")

    def show(name: str) -> Any:
        page.locator("tr", has_text=name).get_by_role("button", name="show").click()
        preview = page.locator(".preview-file", has_text=name)
        preview.wait_for()
        return preview

    picture = show("a.gif").locator("img")
    eventually(lambda: picture.evaluate("image => image.naturalWidth") == 40)
    assert "file=videos/a.gif" in page.evaluate("location.search")
    assert "Too large to show: 40.0 MiB" in show("large.png").inner_text()
    broken = show("broken.mp4")
    eventually(lambda: "the browser cannot show it" in broken.inner_text())
    text = show("long.txt")
    eventually(lambda: "a line <b>that is text</b>" in text.inner_text())
    assert "The first 64.0 KiB of 263.7 KiB" in text.inner_text()
    page.get_by_role("button", name="Close").click()
    eventually(lambda: page.locator(".preview-file").count() == 0)
