"""The pages' modules are joined into one script that has the names of each of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gym_gui.web import pages
from gym_gui.web.bundle import bundle

STATIC = Path(pages.__file__).parent / "static"
MODULES = {
    "a.js": """import b, { two as zwei, deux } from "./x/b.js";
import { three } from "./x/c.js";
console.log(b(), zwei, deux, three.value);
import("./x/c.js").then((c) => console.log(c.three.value));
import("./x/e.js").then((e) => console.log(e.default));
""",
    "x/b.js": """export default function b() { return "one"; }
const two = "two";
export { two, two as deux };
export { three as drei } from "./c.js";
""",
    "x/c.js": 'import{two as n}from"./d.js";export const three = { value: n + 1 };\n',
    "x/d.js": "const t=2;export{t as two};\n",
    "x/e.js": 'import { two } from "./d.js";\nconst value = two === 2 ? "later" : "";\nexport { value as default };\n',
}


@pytest.mark.process
@pytest.mark.skipif(shutil.which("node") is None, reason="no node: apt install nodejs")
def test_a_bundle_does_what_its_modules_do(tmp_path: Path) -> None:
    script = tmp_path / "bundle.cjs"
    script.write_text("".join(bundle(MODULES.__getitem__, "a.js")))
    ran = subprocess.run(["node", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["one", "two", "two", "3", "3", "later"]


def modules(script: str) -> list[str]:
    return re.findall(r'^"([\w./-]+\.js)": \(?\(\$exports, \$load, \$import\)', script, re.MULTILINE)


def test_modules_that_are_imported_later_are_in_the_second_script_unless_the_first_page_needs_them() -> None:
    scripts = bundle(MODULES.__getitem__, "a.js")
    assert [modules(each) for each in scripts] == [["a.js", "x/b.js", "x/c.js", "x/d.js"], ["x/e.js"]]
    scripts = bundle(MODULES.__getitem__, "a.js", ["x/e.js"])
    assert [modules(each) for each in scripts] == [["a.js", "x/b.js", "x/c.js", "x/d.js", "x/e.js"], []]


def test_the_pages_can_be_joined_and_load_nothing_else() -> None:
    scripts = bundle(lambda path: (STATIC / path).read_text("utf-8"), "app.js", ["pages/runs.js"])
    joined = [name for each in scripts for name in modules(each)]
    there = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    assert sorted(joined) == sorted(there)
    assert not re.search(r"^\s*(import|export)\b", "".join(scripts), re.MULTILINE)
    assert "vendor/uplot.js" in modules(scripts[1])


def test_what_cannot_be_joined_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a\.js"):
        bundle({"a.js": 'import "./b.js";\n'}.__getitem__, "a.js")


def test_vendored_files_are_those_on_record() -> None:
    import base64
    import hashlib
    import json

    for name, recorded in json.loads((STATIC / "vendor" / "files.json").read_text()).items():
        digest = hashlib.sha256((STATIC / "vendor" / name).read_bytes()).digest()
        assert recorded == "sha256-" + base64.b64encode(digest).decode(), name
