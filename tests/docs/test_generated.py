"""The reference pages made from code are those that the code would make now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", [name for name in _generator().PAGES if name != "cli.md"])
def test_page_is_fresh(page: str) -> None:
    generator = _generator()
    assert (DOCS / "reference" / page).read_text() == generator.PAGES[page](), "run: python docs/generate.py"
