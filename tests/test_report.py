"""What a handler's failure leaves in the log."""

import logging

import pytest
from redis.exceptions import ConnectionError as Unreachable
from sqlalchemy.exc import TimeoutError as NotInTime

from chatapp.chatapp import report


@pytest.mark.parametrize(
    "error",
    [Unreachable("10.0.0.1"), ConnectionResetError("10.0.0.1"), TimeoutError(), NotInTime()],
)
def test_what_cannot_be_reached_is_a_line_and_no_traceback(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert report(error) is not None
    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert type(error).__name__ in record.getMessage()
    assert "10.0.0.1" not in record.getMessage()


def test_a_fault_of_ours_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    assert report(KeyError("x")) is not None
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info
