"""Event files as TensorBoard's writers write them, whole and damaged, and the curves that runs have of them."""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logged_runs import LoggedRun

from gym_gui.reading import event_files
from gym_gui.reading.details import read_details
from gym_gui.reading.event_files import EventFile
from gym_gui.reading.series import SeriesRequest, read_series
from gym_gui.reading.series_list import series_names
from gym_gui.reading.trackers import is_web_address

WORKER = "000001"
_TAGS = st.text(max_size=8)
_EVENTS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1), st.floats(0, 2e9), st.lists(st.tuples(_TAGS, st.floats(width=32)), max_size=3)
    ),
    max_size=12,
)


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    data = b""
    while value >= 0x80:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def part(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def scalar(tag: str, value: float) -> bytes:
    return part(1, part(1, tag.encode("utf-8", "replace")) + b"\x15" + struct.pack("<f", value))


def event(time: float, step: int, summary: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", time) + b"\x10" + varint(step) + part(5, summary)


def framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", event_files._masked_crc(length)) + data + b"\0\0\0\0"


def written(events: list[Any]) -> bytes:
    first = framed(b"\x09" + struct.pack("<d", 1.0) + part(3, b"brain.Event:2"))
    return first + b"".join(
        framed(event(time, step, b"".join(scalar(*each) for each in values))) for step, time, values in events
    )


def read(data: bytes) -> EventFile:
    file = EventFile()
    file.read(io.BytesIO(data))
    return file


def columns(file: EventFile) -> dict[str, list[tuple[float, float, float]]]:
    return {
        tag: list(zip(each.steps, each.times, map(repr, each.values), strict=True))  # type: ignore[arg-type]
        for tag, each in file.scalars.items()
    }


def test_the_checksum_is_that_of_the_format() -> None:
    crc = 0xE3069283  # CRC-32C of these digits, from its specification
    assert event_files._masked_crc(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@given(_EVENTS)
def test_all_scalars_are_read_in_their_order(events: list[Any]) -> None:
    expected: dict[str, list[tuple[float, float, str]]] = {}
    for step, time, values in events:
        for tag, value in values:
            tag = tag.encode("utf-8", "replace").decode()
            expected.setdefault(tag, []).append((float(step), time, repr(value)))
    assert columns(read(written(events))) == expected


@given(_EVENTS, st.lists(st.integers(1, 400), max_size=6))
@settings(max_examples=60)
def test_a_file_that_grows_by_pieces_is_read_as_one_that_is_whole(events: list[Any], cuts: list[int]) -> None:
    data, growing, end = written(events), EventFile(), 0
    for cut in [*cuts, len(data)]:
        end = min(end + cut, len(data))
        growing.read(io.BytesIO(data[:end]))
    assert columns(growing) == columns(read(data))


@given(_EVENTS, st.data())
@settings(max_examples=100)
def test_damage_costs_no_more_than_what_follows(events: list[Any], data: st.DataObject) -> None:
    whole = written(events)
    place = data.draw(st.integers(0, len(whole) - 1))
    spoiled = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    found, expected = read(spoiled), read(whole)
    assert found.count <= expected.count + 3
    read(data.draw(st.binary(max_size=200)))
    read(framed(data.draw(st.binary(max_size=200))))


def test_pictures_are_skipped_and_tensors_of_one_number_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_files, "_BLOCK", 256)
    monkeypatch.setattr(event_files, "_LARGEST", 128)

    def tensor(tag: str, data: bytes) -> bytes:
        return part(1, part(1, tag.encode()) + part(8, data))

    packed = struct.pack("<f", 2.5)
    summary = [
        tensor("content", b"\x08\x01" + part(4, packed)),
        tensor("packed", b"\x08\x01" + part(5, packed)),
        tensor("double", b"\x08\x02" + part(4, struct.pack("<d", 2.5))),
        tensor("histogram", b"\x08\x01" + part(4, packed * 3)),
        tensor("text", b"\x08\x07" + part(8, b"words")),
    ]
    data = b"".join(framed(event(5.0, 1, each)) for each in summary) + framed(part(1, b"x" * 5000))
    found = read(data + framed(event(6.0, 2, scalar("after", 1.0))))
    assert {tag: list(each.values) for tag, each in found.scalars.items()} == {
        "content": [2.5], "packed": [2.5], "double": [2.5], "after": [1.0],
    }  # fmt: skip


def put(run: LoggedRun, path: str, *events: Any) -> None:
    place = run.folder.path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(written(list(events)))


def test_a_run_has_the_scalars_of_its_event_files_as_series(tmp_path: Path) -> None:
    run = LoggedRun(tmp_path)
    run.append(b"")
    run.ingest()
    losses = (10, 100.0, [("loss", 2.0)]), (20, 110.0, [("loss", 1.0)])
    put(run, f"tensorboard/{WORKER}/PPO_1/events.out.tfevents.1.h", *losses)
    put(run, f"work/{WORKER}/events.out.tfevents.2.h", (5, 100.0, [("own", math.nan)]))
    names = {name.name: name for name in series_names(run.folder)}
    loss = names["tensorboard/PPO_1/loss"]
    assert (loss.kind, loss.count, loss.last, loss.low, loss.high) == ("tensorboard", 2, 1.0, 1.0, 2.0)
    assert (loss.first_step, loss.last_step) == (10, 20)

    def line(name: str, **request: Any) -> Any:
        (series,) = read_series(run.folder, SeriesRequest(names=(name,), **request))
        return series.lines[0]

    found = line("tensorboard/PPO_1/loss")
    assert (found.worker_id, found.attempt, found.first_x, found.mean) == (WORKER, 1, [10.0, 20.0], [2.0, 1.0])
    assert line("tensorboard/PPO_1/loss", x="wall").first_x == [100.0, 110.0]
    assert line("tensorboard/PPO_1/loss", x="update", low=2).mean == [1.0]
    assert line("tensorboard/PPO_1/loss", x="episode").without_x == 2
    assert line("tensorboard/own").marks.kind == ["nan"]
    (other,) = read_series(run.folder, SeriesRequest(names=("tensorboard/PPO_1/los",)))
    assert other.nearest == "tensorboard/PPO_1/loss"
    assert [series.name for series in read_series(run.folder, SeriesRequest(names=("return", "tensorboard/own")))] == [
        "return", "tensorboard/own",
    ]  # fmt: skip


def test_details_name_the_folder_of_tensorboard_and_addresses_that_browsers_may_open(tmp_path: Path) -> None:
    run = LoggedRun(tmp_path)
    assert read_details(run.folder).tensorboard == ""
    put(run, f"tensorboard/{WORKER}/events.out.tfevents.1.h")
    addresses = ["https://wandb.ai/a/b/runs/c", "javascript:alert(1)"]
    workers = ",".join(
        f'"{number}": {{"artifacts": {{"wandb": {{"url": "{address}"}}}}}}' for number, address in enumerate(addresses)
    )
    run.folder.analytics.write_text(f'{{"workers": {{{workers}, "x": 3}}}}')
    details = read_details(run.folder)
    assert (details.tensorboard, details.wandb) == (str(run.folder.path / "tensorboard"), addresses[:1])
    run.folder.analytics.write_text("[")
    assert read_details(run.folder).wandb == []
    printed = "wandb: Syncing run x\nwandb: 🚀 View run at \x1b[34m\x1b[4mhttps://wandb.ai/t/p/runs/x1\x1b[0m\n"
    run.append(b"")
    run.folder.stderr_log(WORKER, 1).write_text(f"{printed}{printed}see https://example.com/runs/other\n")
    assert read_details(run.folder).wandb == ["https://wandb.ai/t/p/runs/x1"]


@pytest.mark.parametrize("value", ["file:///etc/passwd", "https://", "http://a b", "http://[", 3, None, "wandb.ai"])
def test_what_is_no_address_is_not_opened(value: Any) -> None:
    assert not is_web_address(value)
