"""Fetches the libraries of the web pages from npm: ``python gym_gui/web/static/vendor/update.py``.

``packages.json`` has each package's version and npm's integrity hash, which is compared; a changed version gets a new
one with ``--record``. Imports between the packages become relative, since browsers know no bare names without an
inline import map, which the pages' content security policy forbids. What a package has under ``append`` makes a module
of a script. ``files.json`` has the hash of each file as served.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: By bare name: the file that has its exports.
MODULES = {
    "preact": "preact.js",
    "preact/hooks": "hooks.js",
    "@preact/signals-core": "signals-core.js",
    "@preact/signals": "signals.js",
    "htm": "htm.js",
}
_IMPORT = re.compile(rf'(from ?|import ?)"({"|".join(map(re.escape, MODULES))})"')
_MAP = re.compile(r"\n?//# sourceMappingURL=\S+\s*$")


def main(arguments: list[str]) -> int:
    """Fetch every package and write its files; return the exit code."""
    packages: dict[str, Any] = json.loads((HERE / "packages.json").read_text("utf-8"))
    written: dict[str, str] = {}
    for name, package in packages.items():
        archive = _fetch(f"{name}@{package['version']}")
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
        if "--record" in arguments:
            package["integrity"] = integrity
        elif package.get("integrity") != integrity:
            sys.stderr.write(f"{name} {package['version']} is not what packages.json says: {integrity}\n")
            return 1
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for source, target in package["files"].items():
                stream = tar.extractfile(f"package/{source}")
                assert stream is not None, source
                data = stream.read()
                if target.endswith(".js"):
                    text = _MAP.sub("\n", data.decode("utf-8")) + package.get("append", "")
                    data = _IMPORT.sub(lambda found: f'{found[1]}"./{MODULES[found[2]]}"', text).encode()
                (HERE / target).write_bytes(data)
                written[target] = "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()
    (HERE / "packages.json").write_text(json.dumps(packages, indent=1) + "\n", "utf-8")
    (HERE / "files.json").write_text(json.dumps(dict(sorted(written.items())), indent=1) + "\n", "utf-8")
    return 0


def _fetch(package: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
        )
        return (Path(folder) / ended.stdout.strip().splitlines()[-1]).read_bytes()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
