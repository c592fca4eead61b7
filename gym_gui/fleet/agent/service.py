"""How the agent becomes a service of its machine: a unit of systemd, a task of Windows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

#: The services that are known.
SERVICES = ("systemd", "windows")
_UNIT = """\
# /etc/systemd/system/mosaic-agent.service; then: systemctl daemon-reload; systemctl enable --now mosaic-agent
[Unit]
Description=MOSAIC agent
Wants=network-online.target
After=network-online.target

[Service]
User={user}
WorkingDirectory={folder}
ExecStart={command}
Restart=always
RestartSec=5
# The first SIGTERM lets the agent finish its runs; they go on when it is killed.
KillMode=process
TimeoutStopSec=infinity

[Install]
WantedBy=multi-user.target
"""
_TASK = """\
rem As administrator. The task starts with Windows; a program with a window needs /SC ONLOGON and no /RU SYSTEM.
schtasks /Create /F /TN "MOSAIC agent" /SC ONSTART /RU SYSTEM /RL HIGHEST /TR {command}
schtasks /Run /TN "MOSAIC agent"
"""


def service_text(kind: str, command: Sequence[str], user: str, folder: str) -> str:
    """Return the text that makes the agent a service.

    Args:
        kind: One of :data:`SERVICES`.
        command: The words that start the agent; tokens do not belong there, for any user can read them.
        user: Whose service it is.
        folder: Where it runs: a file ``.env`` there is read.
    """
    if kind == "systemd":
        line = " ".join(_systemd_word(word) for word in command)
        return _UNIT.format(user=user, folder=folder.replace("%", "%%"), command=line)
    quoted = subprocess.list2cmdline
    line = f"cmd /c cd /d {quoted([folder])} && {quoted(command)}"
    return _TASK.format(command='"' + line.replace('"', '\\"') + '"')


def _systemd_word(word: str) -> str:
    """Return a word as systemd reads it: with quotes where it needs some, ``%`` and ``$`` without a meaning."""
    if not re.fullmatch(r"[A-Za-z0-9_./:=,@+-]+", word):
        word = '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return word.replace("%", "%%").replace("$", "$$")
