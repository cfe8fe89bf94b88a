"""Reading logs back: our lines in every form in which a log is kept, shown or exported."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.cli import WrongUse
from lightsout.cli.logs.logfiles import LogLines
from tests.support.paths import a_pipe

EXPORTS = Path(__file__).parent / "exports"
ACCEPTED = {
    "time": "2026-11-23T12:07:00.412Z",
    "level": "info",
    "event": "stop.accepted",
    "run_id": "4f1c9a52-0d5e-4c7b-9d5a-1f3f0b6f2a11",
    "account": "own",
    "resource": "lighthouse",
    "region": "ap-guangzhou",
    "request_id": "ce754c34-dbab-837b-0717-8515cc2bc137",
    "instance_ids": ["lhins-0a1b2c3d", "lhins-9z8y7x6w"],
    "policies": ["dev-nights"],
}
TEXT = json.dumps(ACCEPTED)
# How many units without a line of ours stand in each sample.
SAMPLES = {
    "console.log": 3,
    "cls.json": 2,
    "cls.csv": 2,
    "search-log.json": 2,
    "get-function-logs.json": 0,
}


@pytest.fixture
def read(tmp_path):
    """Reads text or bytes as a file; a list of the lines, and the reader with its counts."""

    def read(content: str | bytes, name: str = "log"):
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        lines = LogLines([str(file)])
        return list(lines), lines

    return read


def as_texts(line):
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in line.items()
    }


@pytest.mark.parametrize("sample", SAMPLES)
def test_each_export_has_the_lines_that_the_run_wrote(sample):
    lines = LogLines([str(EXPORTS / sample)])

    started, accepted = lines

    assert started["event"] == "run.started"
    assert started["dry_run"] is False
    assert accepted == ACCEPTED
    assert (lines.ours, lines.others) == (2, SAMPLES[sample])


def test_of_fields_that_cls_made_the_lists_are_missing_and_the_rest_is_read():
    _, accepted = LogLines([str(EXPORTS / "cls-fields.json")])

    texts = {name: value for name, value in ACCEPTED.items() if isinstance(value, str)}
    assert accepted.items() >= texts.items()
    assert "instance_ids" not in accepted


def test_lists_flags_and_numbers_that_have_become_texts_are_read(read):
    ours = {**ACCEPTED, "dry_run": True, "act": 3}

    ((line,), _) = read(json.dumps({**as_texts(ours), "SCF_Message": ""}))

    assert line.items() >= ours.items()


def test_a_list_that_cannot_be_read_counts_as_missing(read):
    ((line,), _) = read(json.dumps({**ACCEPTED, "instance_ids": "[lhins-0a1b2c3d"}))

    assert "instance_ids" not in line


def test_a_record_with_the_text_and_its_fields_is_one_line_and_the_whole_one(read):
    fields = {name: value for name, value in ACCEPTED.items() if isinstance(value, str)}

    found, lines = read(json.dumps({**fields, "SCF_Message": TEXT}))

    assert found == [ACCEPTED]
    assert lines.ours == 1


def test_a_table_of_fields_has_rows_of_others_whose_cells_are_empty(read):
    table = io.StringIO()
    rows = csv.DictWriter(table, [*ACCEPTED, "SCF_Message"])
    rows.writeheader()
    rows.writerow({"SCF_Message": "START\nRequestId"})
    rows.writerow(as_texts(ACCEPTED))

    ((line,), lines) = read(table.getvalue())

    assert line.items() >= ACCEPTED.items()
    assert lines.others == 1


def test_a_table_with_a_heading_in_other_words_is_read_by_its_quotes(read):
    table = io.StringIO()
    csv.writer(table).writerows([["日志时间", "日志内容"], ["2026-11-23 20:07:00", TEXT]])

    found, lines = read(table.getvalue())

    assert found == [ACCEPTED]
    assert lines.others == 1


FIELDS = {name: as_texts(ACCEPTED)[name] for name in ACCEPTED}


def table_of(*rows, heading=tuple(FIELDS), separator=","):
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\n").writerows([heading, *rows])
    return written.getvalue()


@given(
    separator=st.sampled_from(",\t;|"),
    cut=st.integers(0, len(FIELDS) - 1),
    more=st.lists(st.text("abc ", max_size=3), max_size=3),
    place=st.integers(0, len(FIELDS)),
)
def test_a_row_whose_cells_do_not_fit_the_heading_is_never_read_by_column(
    tmp_path_factory, separator, cut, more, place
):
    """A cell too few or too many shifts all that stand behind it into other columns."""
    cells = list(FIELDS.values())
    bad = [*cells[:cut], *cells[cut + 1 :]] if not more else [*cells[:place], *more, *cells[place:]]
    file = tmp_path_factory.mktemp("table") / "log.csv"
    file.write_text(table_of(cells, bad, cells, separator=separator), "utf-8")
    lines = LogLines([str(file)])

    found = list(lines)

    assert found == [ACCEPTED, ACCEPTED]
    assert (lines.ours, lines.others) == (2, 1)
    (why,) = lines.unusable
    assert why.startswith(f"{file}: line 3: not read, for its cells do not fit the heading")


def test_a_row_with_too_many_cells_is_read_where_it_holds_the_whole_text(read):
    """A text with commas that nobody put between quotes."""
    found, lines = read(f"time,event,run_id,SCF_Message\n1,START,x,{TEXT}\n")

    assert found == [ACCEPTED]
    assert lines.unusable == []


def test_a_quote_without_an_end_names_every_line_that_it_took_along(read):
    cells = list(FIELDS.values())
    found, lines = read(table_of(cells, ["OOPS"], cells, cells).replace("OOPS", '"OOPS'))

    assert found == [ACCEPTED, ACCEPTED]
    (why,) = lines.unusable
    assert "lines 3, 4: not read" in why


def test_of_many_unread_rows_the_first_are_named_and_all_are_counted(read):
    _, lines = read(table_of(list(FIELDS.values()), *[["x"]] * 12))

    (why,) = lines.unusable
    assert "lines 3, 4, 5, 6, 7 and 7 more: not read" in why


def test_a_name_that_the_heading_has_twice_names_no_column(read):
    cells = list(FIELDS.values())
    found, lines = read(table_of([*cells, "other"], heading=[*FIELDS, "request_id"]))

    assert [line.get("request_id") for line in found] == [None]
    assert lines.unusable == []


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        f"\n\n{TEXT}\r\n",
        f"[{TEXT},\n{TEXT}]",
        json.dumps([ACCEPTED, {"a": "b"}]),
        json.dumps([ACCEPTED], indent=2),
        json.dumps(ACCEPTED, indent=2) + "\n" + json.dumps({"a": {}}, indent=2) + "\n\n",
        f"[INFO] 2026-11-23 {TEXT} trailing words",
        json.dumps({"Response": {"Results": [{"LogJson": json.dumps({"SCF_Message": TEXT})}]}}),
    ],
)
def test_a_line_is_found_whatever_stands_around_it(read, content):
    found, _ = read(content)

    assert found
    assert all(line == ACCEPTED for line in found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_and_gzip_are_told_by_the_first_bytes(read, encoding, packed):
    name = {**ACCEPTED, "message": "演示 ✓"}
    content = json.dumps(name, ensure_ascii=False).encode(encoding)

    found, _ = read(gzip.compress(content) if packed else content)

    assert found == [name]


def test_gzip_files_that_were_put_behind_each_other_are_one(read):
    part = gzip.compress(f"{TEXT}\n".encode())

    found, _ = read(part + part)

    assert found == [ACCEPTED, ACCEPTED]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_stdin_is_read_as_a_file_is(monkeypatch, pack):
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(pack(TEXT.encode()))))
    monkeypatch.setattr("sys.stdin", stdin)

    assert list(LogLines(["-"])) == [ACCEPTED]


def test_files_are_read_one_after_the_other_and_counted_together(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}").write_text(f"{TEXT}\nother\n")

    lines = LogLines([str(tmp_path / f"{number}") for number in range(3)])

    assert list(lines) == [ACCEPTED] * 3
    assert (lines.ours, lines.others) == (3, 3)


def test_an_empty_file_has_no_lines(read):
    for content in ("", "\n \n", gzip.compress(b"")):
        found, lines = read(content)
        assert (found, lines.ours, lines.others) == ([], 0, 0)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (gzip.compress(TEXT.encode() * 50, mtime=0)[:-20], "a damaged gzip file"),
        (b"\x1f\x8b" + b"\x08\x00rubbish", "a damaged gzip file"),
        (gzip.compress(b"a", mtime=0)[:-8] + b"12345678", "a damaged gzip file"),
        (bytes(range(256)), "no log, but binary data"),
        (b"\x04\x22\x4d\x18\x00", "no log, but binary data"),  # lz4
        (gzip.compress(b"PK\x03\x04\x00", mtime=0), "no log, but binary data"),
        (b"SCF_Message\n" + b'"' + b"x" * 200_000, "CSV that cannot be read"),
        (b'{\n  "Results": [\n', "JSON that is not whole"),
    ],
)
def test_what_is_no_log_is_told_with_the_name_of_the_file(read, tmp_path, content, what):
    with pytest.raises(WrongUse) as wrong:
        read(content)

    assert str(wrong.value).startswith(f"{tmp_path / 'log'}: {what}")


@pytest.mark.parametrize(
    ("strange", "what"),
    [
        (a_pipe, "not a regular file; pipe what another program writes, and name it -"),
        (lambda _: "/dev/zero", "not a regular file; pipe what another program writes, and name"),
        (lambda path: path.parent, "Is a directory"),
    ],
)
def test_what_is_no_file_is_told_at_once(tmp_path, strange, what):
    path = strange(tmp_path / "log")

    with pytest.raises(WrongUse) as wrong:
        list(LogLines([str(path)]))

    assert str(wrong.value).startswith(f"{path}: {what}")


def test_a_stdin_that_is_closed_is_told(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(WrongUse, match="stdin: it is closed"):
        list(LogLines(["-"]))


@pytest.mark.parametrize("begin", ["", "SCF_Message\n", "{\n", "hello\n"])
def test_a_line_without_an_end_is_not_read_whole(read, monkeypatch, begin):
    monkeypatch.setattr("lightsout.cli.logs.textfile.LONGEST", 1000)

    with pytest.raises(WrongUse, match="a line of more than 1,000 characters is no log"):
        read(begin + " " * 1001)


def test_hostile_nesting_is_an_other_line(read):
    deep = '{"run_id":' * 5000 + "1" + "}" * 5000
    wide = '{"run_id":' * 100 + TEXT + "}" * 100

    found, lines = read(f"{deep}\n{wide}\n{'[' * 5000} run_id\n")

    assert found == []
    assert lines.others == 3


def test_a_day_of_lines_is_read_in_flat_memory(tmp_path):
    line, other = f"{TEXT}\n", "START RequestId: 4f1c9a52-0d5e-4c7b-9d5a-1f3f0b6f2a11\n"
    file = tmp_path / "day.log.gz"
    with gzip.open(file, "wt", compresslevel=1) as log:
        for _ in range(100):
            log.write((other * 9 + line) * 20)
    lines = LogLines([str(file)])
    tracemalloc.start()
    try:
        for _ in lines:
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (lines.ours, lines.others) == (2_000, 18_000)
    assert peak < 500_000  # bytes; the text has 1.7 MB
