"""A home on a network file system is refused by the name of the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.filesystem import check_home, file_system

MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
server:/home /net/home nfs4 rw 0 0
/dev/sdb /net/home/local xfs rw 0 0
host:/x /mnt/my\\040share fuse.sshfs rw 0 0
/dev/sdc /mnt/stick fuseblk rw 0 0
scratch /scratch lustre rw 0 0
gpfs0 /gpfs gpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/somewhere/else", "ext4"),
        ("/net/home/user/mosaic", "nfs4"),
        ("/net/home/local/mosaic", "xfs"),
        ("/net/homestead", "ext4"),
        ("/mnt/my share/mosaic", "fuse.sshfs"),
    ],
)
def test_the_nearest_mount_counts(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("path", ["/net/home/x", "/mnt/my share/x", "/scratch/x", "/gpfs/x"])
def test_network_and_user_space_file_systems_are_refused(path: str) -> None:
    with pytest.raises(UsageError, match="MOSAIC_HOME") as caught:
        check_home(Path(path), MOUNTS)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("path", ["/home/x", "/dev/shm/x", "/net/home/local/x", "/mnt/stick/x"])
def test_local_disks_are_taken(path: str) -> None:
    check_home(Path(path), MOUNTS)


def test_this_machine_can_be_asked(tmp_path: Path) -> None:
    assert file_system(tmp_path / "not" / "there")
    check_home(tmp_path)
