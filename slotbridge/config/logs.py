"""Log lines as JSON: an event's name and our numbers, never a person."""

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# What opens something to whoever knows it: a notification address, a patient's order.
_SECRET_PATH = re.compile(r"/(hooks|orders)/[^/\s]+")


def _no_values(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keeps a traceback's places and drops its message: exception texts may quote input."""
    info = event.pop("exc_info", None)
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        frames = []
        trace = info[2]
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
            trace = trace.tb_next
        event["error"] = info[0].__name__
        event["at"] = frames[-8:]
    return event


def _no_secret_path(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """Django names the path of a request that failed (A7)."""
    event["event"] = _SECRET_PATH.sub(r"/\1/…", str(event.get("event", "")))
    return event


def formatter() -> logging.Formatter:
    """The formatter of every handler, for our own events and for libraries' lines alike.

    Our own loggers are bound to the standard library's here, so that one setting rules both.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            _no_values,
            _no_secret_path,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
