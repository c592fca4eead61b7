"""Folders into which another user could put files are neither used nor cleaned, and it is said what to do."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from gym_gui.fleet.agent.environments import Environments, EnvironmentUnavailable
from gym_gui.fleet.agent.inputs import InputStore
from gym_gui.fleet.agent.private_folder import NotPrivateError, make_private_folder

CONTENT = b"weights"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILE = {"size": len(CONTENT), "sha256": DIGEST}


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "a" / "b")
        make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)
    (tmp_path / "a").chmod(0o755)
    make_private_folder(tmp_path / "a")


def test_what_others_could_write_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    for bits in (0o770, 0o707, 0o1777):
        folder.chmod(bits)
        with pytest.raises(NotPrivateError, match=r"other users may write to .*folder: if you trust .*chmod go-w"):
            make_private_folder(folder)
    folder.chmod(0o700)
    link.symlink_to(folder)
    with pytest.raises(NotPrivateError, match="link is a symbolic link: remove it, or name a folder of this user's"):
        make_private_folder(link)
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotPrivateError, match="is a symbolic link"):
        make_private_folder(link)
    (tmp_path / "file").touch()
    with pytest.raises(NotPrivateError, match="is not a folder"):
        make_private_folder(tmp_path / "file")
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    with pytest.raises(NotPrivateError, match=f"folder belongs to another user .uid {own}.: .* in MOSAIC_ENVIRONMENTS"):
        make_private_folder(folder)


class Waiting:
    """Waits for an environment that must not be fetched."""

    def wanted(self) -> bool:
        return True

    def fetch(self, path: Path) -> None:
        raise AssertionError(path)

    note = output = lambda self, text: None


@pytest.mark.parametrize("outer", ["shared", "link"])
def test_stores_in_a_folder_that_another_user_has_made_are_not_used(tmp_path: Path, outer: str) -> None:
    (tmp_path / "shared" / "inputs").mkdir(parents=True)
    (tmp_path / "shared").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "shared")
    (tmp_path / "shared" / "inputs" / DIGEST).write_bytes(CONTENT)
    shared = tmp_path / outer
    store = InputStore(shared / "inputs", within=shared)
    with pytest.raises(ValueError, match=r"other users may write to|is a symbolic link"):
        store.get(FILE, lambda *_: CONTENT, lambda: True)
    store.remove_old(time.time() + 99 * 86400)
    assert (tmp_path / "shared" / "inputs" / DIGEST).exists()
    with pytest.raises(EnvironmentUnavailable, match=r"cannot be built on this machine: .*(other users may|link)"):
        Environments(shared / "environments", within=shared).prepare(DIGEST, Waiting())
    assert not (tmp_path / "shared" / "environments").exists()


def test_a_file_with_another_content_is_fetched_again(tmp_path: Path) -> None:
    store = InputStore(tmp_path / "inputs")
    store.get(FILE, lambda *_: CONTENT, lambda: True).write_bytes(CONTENT[::-1])
    assert store.get(FILE, lambda *_: CONTENT, lambda: True).read_bytes() == CONTENT
    calls: list[int] = []

    def fetch(_name: str, offset: int) -> bytes:
        calls.append(offset)
        return CONTENT

    store.get(FILE, fetch, lambda: True)
    assert not calls
