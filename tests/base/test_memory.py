"""The C library is told to give large blocks back at once, where it can be told."""

from __future__ import annotations

import ctypes

import pytest

from lightsout.base.memory import return_large_blocks

set_threshold = return_large_blocks.__wrapped__  # which a process does once


def test_glibc_gives_blocks_of_128_kib_and_more_back_at_once(mocker):
    library = mocker.patch.object(ctypes, "CDLL")

    set_threshold()

    library.return_value.mallopt.assert_called_once_with(-3, 128 * 1024)


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_without_glibc_the_allocator_is_left_alone(mocker, error):
    library = mocker.patch.object(ctypes, "CDLL", side_effect=error)

    set_threshold()

    library.assert_called_once_with(None)


def test_a_c_library_without_that_setting_is_left_alone(mocker):
    library = mocker.patch.object(ctypes, "CDLL", return_value=object())

    set_threshold()

    library.assert_called_once_with(None)
