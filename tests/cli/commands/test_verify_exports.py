"""`verify` tells the same of a run, in whichever form its log comes back."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest

from lightsout.cli.logs.logfiles import LogLines
from tests.support.log_service import fields_of, record


def as_console(texts):
    ours = "".join(f"2026-11-23T12:00:00.000Z r {text}" for text in texts)
    return f"START RequestId: r\n{ours}END RequestId: r\nReport RequestId: r Duration:2140ms\n"


def as_cls_json(texts):
    return "".join(json.dumps(record(text)) + "\r\n" for text in texts)


def as_cls_fields(texts):
    return "".join(json.dumps(fields_of(text)) + "\n" for text in texts)


def as_table(records, **form):
    """A row of each record, under a heading of all their fields."""
    table = io.StringIO()
    rows = csv.DictWriter(table, dict.fromkeys(name for each in records for name in each), **form)
    rows.writeheader()
    rows.writerows(records)
    return table.getvalue()


def as_cls_columns(texts):
    """The same, where a table was asked for: every field a column, and a text."""
    return as_table([fields_of(text) for text in texts])


def as_cls_csv(texts):
    return "\ufeff" + as_table([*map(record, texts)])


def as_search_answer(texts):
    results = [{"Time": 1, "LogJson": json.dumps(record(text))} for text in texts]
    return json.dumps({"ListOver": True, "Results": results}, indent=4)


FORMS = [as_console, as_cls_json, as_cls_fields, as_cls_columns, as_cls_csv, as_search_answer]


@pytest.fixture
def lines(stage, type_in, tmp_path):
    """Of a run that stopped 120 instances in two calls; one was started again since."""
    ids = stage.fleet(120)
    type_in("run", "--log", tmp_path / "log.jsonl")
    stage.clock.advance(600)
    stage.world.instance(ids[7]).state = "RUNNING"
    with (tmp_path / "log.jsonl").open(encoding="utf-8") as log:
        return list(log)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("form", FORMS)
def test_each_form_tells_what_the_plain_lines_tell(stage, type_in, tmp_path, lines, form, pack):
    (tmp_path / "export").write_bytes(pack(form(lines).encode()))
    plain = type_in("verify", "--json", tmp_path / "log.jsonl")

    said = type_in("verify", "--json", tmp_path / "export")

    assert [len(answer["instances"]) for answer in plain.json()] == [100, 20]
    assert (said.status, said.json()) == (plain.status, plain.json())


SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|", "blank": " "}
RECORDS = {"messages": record, "fields": fields_of}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("of", RECORDS)
@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_table_is_read_whatever_separates_its_columns(
    lines, tmp_path, separator, of, quoting, encoding, end
):
    form = {"delimiter": SEPARATORS[separator], "quoting": quoting, "lineterminator": end}
    file = tmp_path / "export"
    file.write_bytes(as_table([RECORDS[of](text) for text in lines], **form).encode(encoding))

    found = LogLines([str(file)])

    assert accepted_in(found) == accepted_in(map(json.loads, lines))
    assert (found.ours, found.others, found.unusable) == (len(lines), 0, [])


@pytest.mark.parametrize("command", ["verify", "savings"])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_verify_and_savings_tell_of_it_what_they_tell_of_the_plain_lines(
    stage, type_in, tmp_path, lines, separator, command
):
    (tmp_path / "export").write_text(
        as_table([*map(record, lines)], delimiter=SEPARATORS[separator]), encoding="utf-8"
    )
    plain = type_in(command, tmp_path / "log.jsonl")

    said = type_in(command, tmp_path / "export")

    assert said == plain


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_message_without_quotes_around_it_is_found_in_its_row_all_the_same(
    lines, tmp_path, separator
):
    between = SEPARATORS[separator]
    rows = [f"SCF_FunctionName{between}SCF_Message\n"]
    rows += [f"lightsout{between}{text}" for text in lines]
    (tmp_path / "export").write_text("".join(rows), encoding="utf-8")

    assert accepted_in(LogLines([str(tmp_path / "export")])) == accepted_in(map(json.loads, lines))


@pytest.mark.parametrize("separator", SEPARATORS)
def test_headings_in_other_words_are_no_hindrance(lines, tmp_path, separator):
    table = io.StringIO()
    rows = csv.writer(table, delimiter=SEPARATORS[separator])
    rows.writerows([["日志时间", "日志 内容"], *(["2026-11-23 20:07:00", text] for text in lines)])
    (tmp_path / "export").write_text(table.getvalue(), encoding="utf-8")

    assert accepted_in(LogLines([str(tmp_path / "export")])) == accepted_in(map(json.loads, lines))


@pytest.mark.parametrize(
    "first", ["time to look at the log", "event: hello", "# SCF_Message of the run", "a; b, time"]
)
def test_a_line_of_words_is_no_heading(lines, tmp_path, first):
    (tmp_path / "log").write_text(f"{first}\n{''.join(lines)}", encoding="utf-8")

    assert list(LogLines([str(tmp_path / "log")])) == [*map(json.loads, lines)]


def accepted_in(lines):
    told = [line for line in lines if line["event"] == "stop.accepted"]
    assert [len(line["instance_ids"]) for line in told] == [100, 20]
    return [(line["request_id"], line["instance_ids"], line["time"]) for line in told]


def test_parts_of_a_log_are_given_together(stage, type_in, tmp_path, lines):
    for number, text in enumerate(lines):
        (tmp_path / f"part-{number}").write_text(text, encoding="utf-8")
    plain = type_in("verify", "--json", tmp_path / "log.jsonl")

    said = type_in("verify", "--json", *(tmp_path / f"part-{n}" for n in range(len(lines))))

    assert said.json() == plain.json()


def test_a_call_whose_instances_the_export_leaves_out_is_found_wrong(
    stage, type_in, tmp_path, lines
):
    without = [{k: v for k, v in fields_of(text).items() if k != "instances"} for text in lines]
    (tmp_path / "export").write_text("".join(json.dumps(each) + "\n" for each in without))

    said = type_in("verify", tmp_path / "export")

    assert said.status == 1
    assert said.out.count("not named in this log: export the field SCF_Message as well") == 2


@pytest.mark.parametrize("command", ["verify", "savings"])
def test_a_row_with_shifted_cells_is_told_with_its_line_and_exit_status(
    stage, type_in, tmp_path, lines, command
):
    text = as_table([*map(fields_of, lines)], lineterminator="\n")
    heading, first, *rest = text.splitlines(keepends=True)
    (tmp_path / "export").write_text("".join([heading, f"more,{first}", *rest]), encoding="utf-8")

    said = type_in(command, tmp_path / "export")

    assert said.status == 1
    assert said.err.splitlines()[-1].startswith(f"lightsout: {tmp_path / 'export'}: line 2: not re")


def test_a_cut_download_is_wrong_use(stage, type_in, tmp_path, lines):
    (tmp_path / "cut.gz").write_bytes(gzip.compress("".join(lines).encode())[:-9])

    said = type_in("verify", tmp_path / "cut.gz")

    assert said.status == 2
    assert said.err.startswith(f"lightsout: {tmp_path / 'cut.gz'}: a damaged gzip file")
    assert len(said.err.splitlines()) == 1
