"""Bundles: what another machine builds a worker's environment from is all there, and has one digest."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from gym_gui.workers.environments import bundle as module
from gym_gui.workers.environments import bundle_path, make_bundle
from gym_gui.workers.environments.bundle import NoBundleError


def opened(home: Path, digest: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(bundle_path(home, digest))


def test_a_linked_worker_is_sent_as_sources_with_the_versions_that_are_here(tmp_path: Path) -> None:
    order = make_bundle(tmp_path, sys.executable, "random", "random_worker.cli")
    assert order.module == "random_worker"
    with opened(tmp_path, order.digest) as archive:
        recipe = json.loads(archive.read("recipe.json"))
        pins = archive.read("pins.txt").decode().splitlines()
        names = archive.namelist()
    assert recipe["pythons"][0] == order.python == f"3.{sys.version_info[1]}"
    assert "3.9" not in recipe["pythons"]  # requires-python of the worker
    assert recipe["package"] == "package/random_worker"
    assert {"package/random_worker/pyproject.toml", "package/random_worker/random_worker/cli.py"} <= set(names)
    assert not any("/tests/" in name or name.endswith(".pyc") for name in names if name.startswith("package/"))
    assert "sdk/gym_gui/core/worker/__init__.py" in names
    versions = dict(pin.split("==") for pin in pins)
    assert {"gymnasium", "numpy", "cloudpickle"} <= set(versions)  # the last one is Gymnasium's
    assert not {"random-worker", "mosaic-rl", "pip", "ruff"} & set(versions)
    assert not any("+" in pin for pin in pins)


def test_equal_content_has_an_equal_digest_and_a_change_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_bundle(tmp_path, sys.executable, "random", "random_worker.cli")
    assert make_bundle(tmp_path / "other", sys.executable, "random", "random_worker.cli") == first
    monkeypatch.setattr(module, "_pins", lambda *_: [("gymnasium", "9")])
    assert make_bundle(tmp_path, sys.executable, "random", "random_worker.cli").digest != first.digest


def test_an_installed_worker_is_sent_as_the_wheel_that_it_was(tmp_path: Path) -> None:
    site = tmp_path / "env" / "lib" / "python3.12" / "site-packages"
    info = site / "Tiny_Worker-1.2.dist-info"
    (site / "tiny").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    info.mkdir()
    files = {
        site / "tiny" / "__init__.py": "A = 1\n",
        info / "METADATA": "Metadata-Version: 2.1\nName: Tiny_Worker\nVersion: 1.2\nRequires-Python: >=3.11\n",
        info / "WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        info / "entry_points.txt": "[mosaic.workers]\ntiny = tiny:about\n",
        info / "INSTALLER": "pip\n",
    }
    for path, text in files.items():
        path.write_text(text)
    rows = [f"{path.relative_to(site).as_posix()},," for path in files]
    (info / "RECORD").write_text("\n".join([*rows, "../../../bin/tiny,,", f"{info.name}/RECORD,,", ""]))
    order = make_bundle(tmp_path, str(tmp_path / "env" / "bin" / "python"), "tiny", "tiny.cli")
    assert order.python == "3.12"
    with opened(tmp_path, order.digest) as archive:
        recipe = json.loads(archive.read("recipe.json"))
        assert recipe["package"] == "package/Tiny_Worker-1.2-py3-none-any.whl"
        with zipfile.ZipFile(io.BytesIO(archive.read(recipe["package"]))) as wheel:
            assert wheel.read("tiny/__init__.py") == b"A = 1\n"
            assert "Tiny_Worker-1.2.dist-info/INSTALLER" not in wheel.namelist()
            assert b"tiny/__init__.py,sha256=" in wheel.read("Tiny_Worker-1.2.dist-info/RECORD")


def test_what_cannot_be_built_elsewhere_says_why(tmp_path: Path) -> None:
    with pytest.raises(NoBundleError, match="has no package that registers worker nothing"):
        make_bundle(tmp_path, sys.executable, "nothing", "nothing.cli")
    with pytest.raises(NoBundleError, match="/usr/bin/false belongs to no virtual environment"):
        make_bundle(tmp_path, "/usr/bin/false", "random", "random_worker.cli")


def test_old_bundles_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BUNDLES", 2)
    for number in range(4):
        monkeypatch.setattr(module, "_pins", lambda *_, number=number: [("gymnasium", str(number))])
        order = make_bundle(tmp_path, sys.executable, "random", "random_worker.cli")
        assert bundle_path(tmp_path, order.digest).is_file()
    assert len(list((tmp_path / "fleet" / "environments").iterdir())) == 2


def test_a_bundle_is_whole_whatever_was_there_and_whatever_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make() -> Path:
        return bundle_path(tmp_path, make_bundle(tmp_path, sys.executable, "random", "random_worker.cli").digest)

    synced: list[str] = []
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    path = make()
    folder = path.parent
    assert [Path(each).name.startswith(f".{path.name}.") for each in synced] == [True, False]
    assert synced[1] == str(folder)
    whole = path.read_bytes()
    for content in (whole[:-9], bytes(len(whole))):  # as power cuts leave them
        path.write_bytes(content)
        assert make() == path
        assert path.read_bytes() == whole

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path.unlink()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        make()
    assert list(folder.iterdir()) == []


def test_bundles_that_another_run_removes_meanwhile_are_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "fleet" / "environments"
    folder.mkdir(parents=True)
    (folder / "gone.zip").symlink_to(folder / "nowhere")  # as one that is removed between two calls
    monkeypatch.setattr(module, "_MOST_BUNDLES", 1)
    order = make_bundle(tmp_path, sys.executable, "random", "random_worker.cli")
    assert [path.name for path in folder.iterdir()] == [f"{order.digest}.zip"]
