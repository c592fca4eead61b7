"""No text from outside acts on a page: every page, over a run and a worker that are hostile throughout."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemons import daemon_with_environment
from dashboard_pages import GONE, PAGES, WIDTHS, visits
from waiting import eventually

from gym_gui.reading import EpisodeQuery
from gym_gui.rpc.client import TrainerClient

LAYOUT = (Path(__file__).parents[1] / "fixtures" / "page_layout.js").read_text()
#: HTML, a link that runs a script, templates, ANSI: colours, a link, the clipboard; text that is turned around,
#: has no glyph, a null byte; a word that no line can hold.
EVIL = (
    "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>\"'><a href='javascript:hacked=1'>x</a>"
    " javascript:window.hacked=1 ${window.hacked=1} {{7*7}} \x1b[31mred\x1b]8;;javascript:hacked=1\x07link\x1b]8;;\x07"
    "\x1b]52;c;b3duZWQ=\x07 \u202egnp.exe \u2066\u200b\x00\x08 &lt;b&gt; \ud800 " + "W" * 10_000
)
#: What else stands in the names of files and folders, and in what refuses control characters.
NAME = "<img src=x onerror=window.hacked=1>'\"&lt; \u202egnp.exe " + "W" * 60
#: Half of a surrogate pair is not text, and refused as a config.
TEXT = EVIL.replace("\ud800", "")
SHORT = TEXT[:600]
METADATA = f"""
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    evil = {SHORT!r}
    return WorkerMetadata(name=evil, version=evil, description=evil, author=evil, homepage=evil, upstream_library=evil,
                          license=evil), WorkerCapabilities(worker_type='hostile', env_families=(evil,))
"""
CONFIG = f"""
from __future__ import annotations
from dataclasses import dataclass, field
from typing import Literal

@dataclass
class HostileWorkerConfig:
    run_id: str
    seed: int | None = None
    words: str = field(default={SHORT!r}, metadata={{'help': {SHORT!r}, 'unit': {NAME!r}, 'group': {NAME!r}}})
    choice: Literal[{NAME!r}, 'b'] = 'b'
    def to_dict(self): return dict(self.__dict__)
    @classmethod
    def from_dict(cls, data): return cls(**data)
"""
PROGRAM = f"""
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument('--config')
config = json.load(open(parser.parse_args().config))
evil, text, short, name = {EVIL!r}, {TEXT!r}, {SHORT!r}, {NAME!r}
def say(**event):
    print(json.dumps({{'run_id': config['run_id'], **event}}), flush=True)
say(event='run_started', payload={{evil: evil}})
for index in range(20):
    agent = [evil, text, short, name][index // 4 % 4]  # those that are too long, or no text, are quarantined
    say(event_type='step', step_index=index, ep_index=index, reward=float('nan'), agent_id=agent, action=agent,
        observation=agent)
    say(event_type='episode', ep_index=index, total_reward=[1.0, float('nan'), float('inf'), 1e300][index % 4], steps=1,
        agent_id=agent, agent_rewards={{agent: float('inf')}})
    say(event_type='metric', step=index, values={{agent: index, name: float('nan'), 'huge' + name: 1e308}})
for stream in (sys.stdout, sys.stderr):
    stream.flush()
    stream.buffer.write(evil.encode('utf-8', 'surrogatepass') + bytes(range(256)) + b'\\n')
for folder in ('checkpoints', 'work'):
    path = os.path.join(os.environ['MOSAIC_RUN_DIR'], folder, name.replace('/', ''))
    os.makedirs(path, exist_ok=True)
    for ending in ('.png', '.html', '.txt', '.svg', '.mp4'):
        open(os.path.join(path, name.replace('/', '') + ending), 'w', encoding='utf-8', errors='replace').write(evil)
say(event='checkpoint_saved', payload={{'path': path, 'step': 1}})
say(event='run_failed', payload={{'error': evil, 'error_type': evil}})
raise SystemExit(evil)
"""
#: What a page must not have: what is run, what leads out, what turns text around.
ACTING = r"""() => {
  const found = window.hacked === undefined ? [] : ["a script ran"];
  for (const each of document.querySelectorAll("#app script, #app iframe, #app object, #app [onerror], #app b")) found.push(each.outerHTML.slice(0, 99));
  for (const each of document.querySelectorAll("#app img:not([src^='/'])")) found.push(each.outerHTML.slice(0, 99));
  for (const each of document.querySelectorAll("#app a")) if (each.origin !== location.origin) found.push(each.href.slice(0, 99));
  const turning = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (turning.test(node.data) && !node.parentElement.closest("textarea")) found.push(`turned: ${node.parentElement.outerHTML.slice(0, 99)}`);
  }
  for (const each of document.querySelectorAll("[title], [aria-label], [placeholder]")) {
    for (const name of ["title", "aria-label", "placeholder"]) if (turning.test(each.getAttribute(name) ?? "")) found.push(`turned ${name}: ${each.outerHTML.slice(0, 99)}`);
  }
  if (turning.test(document.title)) found.push("turned: the title");
  return found;
}"""  # fmt: skip # noqa: E501
PARTS = ("run", "run, metrics", "run, episodes", "run, logs", "run, logs of a failure", "run, config", "run, files")


@pytest.fixture
def hostile_daemon(daemon_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A daemon with a hostile worker, and a run of it; the ids for the pages."""
    site = tmp_path / "site"
    package, info = site / "hostile_worker", site / "hostile_worker-1.0.dist-info"
    for folder in (package, info):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text(METADATA, "utf-8")
    (package / "config.py").write_text(CONFIG, "utf-8")
    (package / "cli.py").write_text(PROGRAM, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile-worker\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mosaic.workers]\nhostile = hostile_worker:get_worker_metadata\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    environment = dict(os.environ)
    worker = {"worker_id": "hostile", "config": {"words": TEXT}}
    with daemon_with_environment(daemon_home, environment), TrainerClient.connect(daemon_home) as client:
        run_id = client.submit({"run_name": "ordinary", "metadata": {"worker": worker}})
        for _ in client.watch([run_id]):
            pass
    # Names as runs have them that were submitted before such names were refused.
    (path,) = daemon_home.glob("runs/*/run.json")
    plan = json.loads(path.read_text())
    plan |= {"run_name": TEXT, "tags": [TEXT, SHORT, "ok"], "group": TEXT, "submitter": TEXT}
    plan["config"] |= {"run_name": TEXT, "tags": [TEXT, "ok"], "notes": TEXT}
    path.write_text(json.dumps(plan))
    for file in daemon_home.glob("registry.db*"):
        file.unlink()
    with daemon_with_environment(daemon_home, environment), TrainerClient.connect(daemon_home) as client:
        (episode,) = client.episodes(run_id, EpisodeQuery(limit=1)).episodes
        ids = dict.fromkeys(("run", "other", "failed", "running"), run_id)
        yield {**ids, "episode": str(episode.id), "gone": GONE, "worker": "hostile"}


@pytest.mark.timeout(600)
def test_no_text_acts_on_a_page_or_breaks_it(hostile_daemon: dict[str, str], page: Any) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    # Nothing of it runs, and no environment plays an episode again.
    pages = [shown._replace(selector=".replay") if shown.name == "run, one episode" else shown for shown in PAGES]
    # A study is refused that has such a name, and its assignments are runs.
    pages = [shown for shown in pages if not shown.name.startswith(("run, running", "studies", "study"))]
    found: dict[str, Any] = {}
    for shown in visits(page, hostile_daemon, tuple(pages)):
        for width, height in WIDTHS:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))")
            problems = [*page.evaluate(LAYOUT), *page.evaluate(ACTING)]
            if problems:
                found[f"{shown.name}, {width}"] = problems
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)[:30_000]
    assert dialogs == []


def test_files_are_shown_as_what_they_are_or_not_at_all(hostile_daemon: dict[str, str], page: Any) -> None:
    origin = page.evaluate("location.origin")
    page.goto(f"{origin}/runs/{hostile_daemon['run']}?tab=files&path=work")
    page.locator("tbody button", has_text="<img").click()
    rows = page.locator("tbody tr")
    eventually(lambda: rows.count() == 5)
    rows.filter(has_text=".txt").get_by_role("button", name="show").click()
    eventually(lambda: "window.hacked" in page.inner_text("pre"))
    assert rows.filter(has_text=re.compile(r"\.(html|svg)")).get_by_role("button", name="show").count() == 0
    assert page.evaluate(LAYOUT) == []
    assert page.evaluate(ACTING) == []
