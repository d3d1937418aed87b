"""What the log leaves out."""

from __future__ import annotations

import logging

import pytest

from deploy import logs


@pytest.mark.parametrize(("text", "said"), [("Invalid file descriptor: -1", False), ("a bug", True)])
def test_a_socket_that_an_interrupt_closed_is_no_news(text: str, said: bool) -> None:
    error = ValueError(text)
    record = logging.LogRecord("kafka.net.selector", logging.ERROR, "", 0, "", (), (ValueError, error, None))
    assert logs._is_fault(record) is said
