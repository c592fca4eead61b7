"""Every JSON on the pages is what it is shown as: run configs valid for their workers, settings known, events read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gym_gui.config.settings import SETTINGS
from gym_gui.runs.config import validate_train_run_config
from gym_gui.runs.config_model import RunConfigModel
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.config import check_worker_config

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```json[^\n]*\n(.*?)```", re.DOTALL)
#: Workers that the pages make up.
INVENTED = {"my_agent"}
FOUND = [(page, text) for page in PAGES for text in BLOCK.findall(page.read_text())]


def _name(item: object) -> str:
    return str(item.relative_to(ROOT)) if isinstance(item, Path) else ""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> WorkerCatalog:
    return WorkerCatalog(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(("page", "text"), FOUND, ids=_name)
def test_it_is_valid(page: Path, text: str, catalog: WorkerCatalog) -> None:
    value: Any = json.loads(text)
    assert isinstance(value, dict)
    if "event" in value:
        assert {"run_id", "timestamp"} <= set(value)
    elif "run_name" not in value and not set(value) <= set(RunConfigModel.model_fields):
        assert set(value) <= set(SETTINGS)
    else:
        # A part of a run config: the rest of it stands elsewhere.
        rest = {} if "run_name" in value else {"run_name": "part", "entry_point": "true"}
        for request in validate_train_run_config({**rest, **value}).workers:
            if request.command is None and request.worker_type not in INVENTED:
                assert check_worker_config(catalog.get(request.worker_type), request.config) == []


def test_there_are_some() -> None:
    assert len(FOUND) > 5
