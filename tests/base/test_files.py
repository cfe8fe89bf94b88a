"""Reading a small file: nothing that somebody names makes it wait, or fills the memory."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lightsout.base.files import read_small_file
from tests.support.paths import a_pipe


@pytest.mark.parametrize("content", [b"", b"1", b"12345"])
def test_a_regular_file_within_the_bound_is_read_whole(tmp_path, content):
    (tmp_path / "file").write_bytes(content)

    assert read_small_file(tmp_path / "file", 5) == content
    assert read_small_file(str(tmp_path / "file"), 5) == content


def test_a_larger_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"123456")

    with pytest.raises(OSError, match="larger than 5 bytes") as wrong:
        read_small_file(tmp_path / "file", 5)
    assert wrong.value.strerror == "larger than 5 bytes"


def test_a_huge_file_is_refused_without_being_read(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        file.truncate(2**40)

    with pytest.raises(OSError, match="larger than 1,000 bytes"):
        read_small_file(tmp_path / "file", 1_000)


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path.name)  # in the current folder: a longer name does not fit
    return path


def a_link_to_a_pipe(path):
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")
    return path


STRANGE = {
    "a pipe that nobody writes to": a_pipe,
    "a link to such a pipe": a_link_to_a_pipe,
    "a socket": a_socket,
    "a device that never ends": lambda _: "/dev/zero",
    "an empty device": lambda _: "/dev/null",
    "a folder": lambda path: path.parent,
    "nothing": lambda path: path,
    "a name with a NUL": lambda _: "a\0b",
    "a name with half a character": lambda _: "\ud800",
}


@pytest.mark.parametrize("strange", STRANGE)
def test_whatever_is_no_regular_file_is_an_error_at_once(tmp_path, monkeypatch, strange):
    monkeypatch.chdir(tmp_path)
    path = STRANGE[strange](tmp_path / "file")

    with pytest.raises(OSError, match=r".") as wrong:
        read_small_file(path, 5)
    assert wrong.value.strerror


def test_a_file_that_has_nothing_to_give_now_counts_as_empty(mocker):
    """Of the kernel's log, for one, a read that does not wait brings None."""
    file = mocker.MagicMock()
    file.__enter__.return_value.read.return_value = None
    mocker.patch("lightsout.base.files.open_regular_file", return_value=file)

    assert read_small_file("/proc/kmsg", 5) == b""


def open_files():
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


def test_no_file_is_left_open(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"1")
    before = open_files()

    for name in ("pipe", "file"):
        with pytest.raises(OSError, match=r"regular|larger"):
            read_small_file(tmp_path / name, 0)

    assert open_files() == before
