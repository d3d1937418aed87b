"""Log lines a person can read, on standard error."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Lines of ``level`` (debug, info, warning, error) and above; libraries speak from warning on."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # They warn of every broken connection and every late timer on the way to mending it.
    for library in ("kafka", "aiokafka", "mode", "faust", "urllib3", "clickhouse_connect"):
        logging.getLogger(library).setLevel(logging.ERROR)
    logging.getLogger("aiokafka.consumer.group_coordinator").addFilter(_is_news)
    logging.getLogger("kafka.net.selector").addFilter(_is_fault)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.processors.StackInfoRenderer(),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _is_news(record: logging.LogRecord) -> bool:
    """A broker that has just started has no coordinator yet; it is asked again."""
    return "CoordinatorNotAvailable" not in record.getMessage()


def _is_fault(record: logging.LogRecord) -> bool:
    """A socket that is closed while kafka-python waits on it, by an interrupt, is none."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, ValueError) and str(error).startswith("Invalid file descriptor"))
