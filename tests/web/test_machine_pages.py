"""The pages of the machines, in a real browser: what a program that claimed a run sends is there a moment later."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from programs import Program
from waiting import eventually

from gym_gui.rpc.client import TrainerClient

pytestmark = pytest.mark.process


def picture() -> bytes:
    """Return a JPEG that a browser can draw."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(stream, "JPEG")
    return stream.getvalue()


def test_a_machine_shows_what_its_program_sends(page: Any, dashboard: str, client: TrainerClient) -> None:
    url = dashboard.partition("/#")[0]
    program = Program(url, "198.51.100.7")
    study = program.create("shown", [{"n": 1}])
    page.goto(f"{url}/machines")
    page.wait_for_selector(".empty")
    assert program.claim(program.assignments(study)[0]["id"]).status_code == 200
    for host in ("vm-1", "vm-2"):  # two machines behind one router
        assert program.heartbeat(gpuName="RTX 4090", cpuCores=8, totalRamGB=32, hostname=host).status_code == 200
    program.tell("overall_progress", current=40, total=100)
    program.tell("stage_progress", name="Meshing", current=3, total=4)
    program.tell("profiler_update", eta_seconds=90)
    program.log("the mesh is coarse", kind="warning")
    program.log("no license", kind="error")
    assert program.show({"Disk_I/O.jpg": picture()}).status_code == 200

    page.wait_for_selector("table[aria-label=Machines] tbody tr")
    row = page.locator("table[aria-label=Machines] tbody tr")
    eventually(lambda: "40 %" in row.inner_text(), "progress in the list")
    assert "2 programs use this id" in row.inner_text()
    eventually(lambda: row.locator("td[data-label=warnings]").inner_text() == "1", "warnings")
    assert row.locator("td[data-label=errors]").inner_text() == "1"

    program.heartbeat(load={"cpu_percent": 75, "memory_used_mb": 2048, "gpus": [{"percent": 90}, {"percent": 10}]})
    row.locator("a").first.click()
    page.wait_for_selector("dl[aria-label=Work]")
    work = page.locator("dl[aria-label=Work]").inner_text()
    assert "Meshing" in work
    assert "75 %" in work
    assert "RTX 4090" in page.locator("dl[aria-label=Machine]").inner_text()
    for title, value in (("Processors", "75.0 %"), ("Memory", "2.0 GiB"), ("GPUs", "50.0 %")):
        assert value in page.locator(f"section[aria-label={title}] h2").inner_text()
    page.wait_for_selector(".log .warning-line")
    assert "the mesh is coarse" in page.locator(".log .warning-line").inner_text()
    assert "no license" in page.locator(".log .error-line").inner_text()
    image = page.locator("img[alt='Window Disk_I/O.jpg']")
    eventually(lambda: image.evaluate("image => image.naturalWidth") == 64, "the picture of the window")
    program.log("one more line")
    eventually(lambda: "one more line" in page.locator(".log").inner_text(), "the log goes on")
    program.finish()
    eventually(lambda: "completed" in page.locator("dl[aria-label=Work]").inner_text(), "its end is shown")
    assert "100 %" in page.locator("dl[aria-label=Work]").inner_text()
    page.goto(f"{url}/super-studies/{study}")  # as programs tell their users
    page.wait_for_selector("table[aria-label=Assignments]")
    assert page.url == f"{url}/studies/{study}"
    assert f"goliat worker 0 shown --server-url {url}" in page.locator("main").inner_text()
