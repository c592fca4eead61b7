from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments.record import WorkerEnvironment

METADATA = """
def get_worker_metadata():
    return ({"name": "Loud"}, {"worker_type": "loud"})
"""


def test_a_worker_is_described(site: Any, home: Path) -> None:
    site.install("tiny")
    (record,) = site.catalog(home).list()
    assert (record.name, record.entry_point) == ("tiny", "tiny_worker:get_worker_metadata")
    assert (record.distribution, record.version) == ("tiny-worker", "1.0.0")
    assert record.python == sys.executable
    assert record.module == "tiny_worker.cli"
    assert record.broken is None
    assert record.metadata["name"] == "Tiny"
    assert record.capabilities["worker_type"] == "tiny"
    assert record.flags == ["--config", "--dry-run", "--help", "--worker-id"]
    assert record.properties["total_steps"]["minimum"] == 1
    assert record.properties["env_id"]["description"] == "Environment to train on."


def test_no_worker_is_imported_here(site: Any, home: Path) -> None:
    site.install("tiny")
    site.catalog(home).list()
    assert not [name for name in sys.modules if name.startswith("tiny_worker")]


def test_a_broken_worker_breaks_nothing_else(site: Any, home: Path) -> None:
    site.install("fine")
    site.install("needy", {"__init__.py": "import library_that_is_missing\n"})
    site.install("typo", {"__init__.py": "def get_worker_metadata(:\n"})
    site.install("quits", {"__init__.py": "import sys\nsys.exit('no licence')\n"})
    site.install("crashes", {"__init__.py": "import os\nos.abort()\n"})
    site.install("wrong", {"__init__.py": "def get_worker_metadata():\n    return 3\n"})
    site.install("renamed", entry_point="renamed_worker:no_such_function")
    site.install("gone", entry_point="gone_package:get_worker_metadata")
    site.install("nocli", {"cli.py": "import library_that_is_missing\n"})
    records = {record.name: record for record in site.catalog(home).list()}
    reasons = {name: record.broken for name, record in records.items()}
    assert reasons.pop("fine") is None
    assert "library_that_is_missing" in (reasons["needy"] or "")
    assert records["needy"].mend == f"{sys.executable} -m pip install library_that_is_missing"
    assert "SyntaxError" in (reasons["typo"] or "")
    assert "no licence" in (reasons["quits"] or "")
    assert "signal 6" in (reasons["crashes"] or "")
    assert "WorkerMetadata" in (reasons["wrong"] or "")
    assert "no_such_function" in (reasons["renamed"] or "")
    assert "gone_package" in (reasons["gone"] or "")
    assert "nocli_worker.cli does not start" in (reasons["nocli"] or "")
    assert all(records[name].mend for name in reasons)


def test_an_entry_point_inside_the_package(site: Any, home: Path) -> None:
    site.install("deep", {"info.py": METADATA}, entry_point="deep_worker.info:get_worker_metadata")
    record = site.catalog(home).get("deep")
    assert (record.broken, record.module) == (None, "deep_worker.cli")
    assert record.has_field("env_id")


def test_a_worker_that_hangs_is_given_up(site: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gym_gui.workers import probe
    from gym_gui.workers.installed import installed_workers

    site.install("slow", {"__init__.py": "import time\ntime.sleep(600)\n"})
    (worker,) = installed_workers(site.environment)
    record = probe.probe_worker(worker, site.environment, timeout_s=1.0)
    assert "took longer than 1 s" in (record.broken or "")


def test_a_worker_without_a_cli_is_not_broken(site: Any, home: Path) -> None:
    site.install("bare", {"cli.py": None})
    record = site.catalog(home).get("bare")
    assert record.broken is None
    assert record.module == ""
    assert record.flags == []
    assert record.schema


def test_a_worker_may_print_its_schema_itself(site: Any, home: Path) -> None:
    site.install(
        "own",
        {
            "cli.py": """
            import argparse, json
            parser = argparse.ArgumentParser()
            parser.add_argument("--config")
            parser.add_argument("--schema", action="store_true")
            print("loading things ... {not json")
            if parser.parse_args().schema:
                print(json.dumps({"$defs": {"L": {"type": "number"}}, "properties": {"lr": {"$ref": "#/$defs/L"}}}))
            """
        },
    )
    assert site.catalog(home).get("own").schema == {"properties": {"lr": {"type": "number"}}}


def test_what_a_library_prints_spoils_nothing(site: Any, home: Path) -> None:
    loud = "import sys\nprint('hello {from} a library')\nsys.stderr.write('warning')\n"
    site.install("loud", {"__init__.py": loud + METADATA})
    record = site.catalog(home).get("loud")
    assert record.broken is None
    assert record.has_field("env_id")


def test_a_worker_whose_config_has_no_schema(site: Any, home: Path) -> None:
    site.install("free", {"config.py": "", "cli.py": "import argparse\nargparse.ArgumentParser().parse_args()\n"})
    record = site.catalog(home).get("free")
    assert record.broken is None
    assert record.schema is None


@pytest.mark.parametrize("name", ["tiny", "tiny_worker", "Tiny-Worker", "TINY"])
def test_spellings_find_a_worker(site: Any, home: Path, name: str) -> None:
    site.install("tiny")
    assert site.catalog(home).get(name).name == "tiny"


def test_an_unknown_worker(site: Any, home: Path) -> None:
    site.install("cleanrl")
    with pytest.raises(UsageError, match="did you mean cleanrl") as raised:
        site.catalog(home).get("clenrl")
    assert "mosaic workers list" in str(raised.value)
    with pytest.raises(UsageError, match="there is no worker 'zzz'\n"):
        site.catalog(home).get("zzz")


def test_no_workers_at_all(site: Any, home: Path) -> None:
    assert site.catalog(home).list() == []
    with pytest.raises(UsageError, match="no worker is installed"):
        site.catalog(home).get("tiny")


def test_only_the_worker_that_is_asked_for_is_probed(site: Any, home: Path) -> None:
    site.install("one")
    site.install("two")
    probed: list[str] = []
    site.catalog(home).get("one", probed.append)
    assert probed == ["one"]


def test_twenty_workers_are_listed_from_records_alone(site: Any, home: Path) -> None:
    for number in range(20):
        site.install(f"w{number}", {"__init__.py": "raise SystemExit('imported')\n"})
    site.catalog(home).list()
    probed: list[str] = []
    assert len(site.catalog(home).list(probed.append)) == 20
    assert probed == []


def test_the_folder_one_stands_in_is_no_part_of_the_environment(tmp_path: Path) -> None:
    code = "import os\nfrom gym_gui.workers.environments.record import WorkerEnvironment\n"
    code += "print(os.getcwd() in WorkerEnvironment.current().search_path)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert told.stdout.strip() == "False"


def test_two_workers_that_differ_in_spelling_only(site: Any, home: Path) -> None:
    site.install("tiny")
    site.install("tiny_2")
    site.install("tiny2")
    assert site.catalog(home).get("tiny2").name == "tiny2"
    with pytest.raises(UsageError, match="may be any of tiny2, tiny_2"):
        site.catalog(home).get("Tiny-2")


def test_an_interpreter_that_is_gone(site: Any, home: Path, tmp_path: Path) -> None:
    site.install("tiny")
    gone = WorkerEnvironment(python=str(tmp_path / "python"), search_path=[str(site.folder), str(tmp_path / "missing")])
    assert "cannot be started" in (WorkerCatalog(home, [gone]).get("tiny").broken or "")


def test_the_first_of_two_installs_of_one_package_counts(site: Any, home: Path, tmp_path: Path) -> None:
    site.install("tiny", version="2.0.0")
    older = tmp_path / "older"
    (older / "tiny_worker-1.0.0.dist-info").mkdir(parents=True)
    for name in ("METADATA", "entry_points.txt"):
        text = (site.folder / "tiny_worker-2.0.0.dist-info" / name).read_text().replace("2.0.0", "1.0.0")
        (older / "tiny_worker-1.0.0.dist-info" / name).write_text(text)
    both = WorkerEnvironment(python=sys.executable, search_path=[str(site.folder), str(older)])
    assert [record.version for record in WorkerCatalog(home, [both]).list()] == ["2.0.0"]
