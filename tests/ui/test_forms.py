"""Forms register under the names that worker packages use, and every worker has one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.ui.forms import WorkerFormFactory, get_worker_form_factory

KINDS = ("train", "policy", "resume", "evaluation", "script")


@pytest.mark.process
def test_forms_and_catalog_need_no_qt() -> None:
    code = (
        "import sys, gym_gui.ui.forms, gym_gui.ui.worker_catalog; "
        "sys.exit(any(name.partition('.')[0] in ('PySide6', 'pyqtgraph', 'numpy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_factory_for_all() -> None:
    assert get_worker_form_factory() is get_worker_form_factory()


@pytest.mark.parametrize("kind", KINDS)
def test_a_registered_form_takes_the_place_of_the_generated_one(kind: str) -> None:
    factory = WorkerFormFactory()
    register, create, has = (getattr(factory, f"{verb}_{kind}_form") for verb in ("register", "create", "has"))
    assert not has("my_worker")
    register("my_worker", lambda parent=None, **kwargs: (kind, parent, kwargs))
    assert has("my_worker")
    assert create("my_worker", "window", seed=3) == (kind, "window", {"seed": 3})


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_form_is_refused(kind: str) -> None:
    factory = WorkerFormFactory()
    register = getattr(factory, f"register_{kind}_form")
    register("my_worker", lambda parent=None, **kwargs: None)
    with pytest.raises(ValueError, match="my_worker"):
        register("my_worker", lambda parent=None, **kwargs: None)
    with pytest.raises(ValueError, match="my-worker"):
        register("my-worker", lambda parent=None, **kwargs: None)  # another spelling of the same worker


@pytest.mark.process
@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_worker_is_refused_with_the_nearest_name(kind: str, daemon_home: Path) -> None:
    with pytest.raises(KeyError, match="did you mean 'random'"):
        getattr(WorkerFormFactory(), f"create_{kind}_form")("rondom")


@pytest.mark.process
def test_workers_that_run_scripts_have_a_form_for_them(application: Any, daemon_home: Path) -> None:
    form = WorkerFormFactory().create_script_form("cleanrl")
    form.set_values({"config.script": "/tmp/mine.py"})
    assert form.get_config()["metadata"]["worker"]["config"]["script"] == "/tmp/mine.py"
    form.close()
    with pytest.raises(KeyError, match="runs no scripts"):
        WorkerFormFactory().create_script_form("random")


@pytest.mark.process
def test_the_self_registration_of_worker_packages(application: Any, daemon_home: Path) -> None:
    from PySide6.QtWidgets import QDialog

    class MyTrainForm(QDialog):
        def get_config(self) -> dict[str, Any]:
            return {"run_name": "mine"}

    factory = WorkerFormFactory()
    if not factory.has_train_form("random"):  # as the forms of packages register: only where nothing is
        factory.register_train_form("random", lambda parent=None, **kwargs: MyTrainForm(parent=parent, **kwargs))
    assert factory.create_train_form("random").get_config() == {"run_name": "mine"}
