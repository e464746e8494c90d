"""What the exchange answers: a MediExchangeResult and the HTTP status that goes with it (11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext

from slotbridge.kit import clock
from slotbridge.portal.models import Clinic, ReceivedDocument
from slotbridge.wire.medihost.problems import Problem
from slotbridge.wire.medihost.result import (
    Message,
    Outcome,
    Result,
    SectionCounts,
    write_result,
)

CONTENT_TYPE = "application/xml; charset=utf-8"
LANGUAGE = Clinic.Language.RUSSIAN.value  # until the clinic is known

BAD_REQUEST = 400
# Codes of document errors that are answered with another status (11.1).
STATUSES = {"E_KEY": 403, "E_METHOD": 405, "E_TOO_LARGE": 413, "E_BUSY": 503, "E_INTERNAL": 500}


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is `result`, written."""

    status: int
    result: Result
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"


def processed(
    *,
    clinic: Clinic,
    document: ReceivedDocument,
    outcome: Outcome,
    sections: tuple[SectionCounts, ...],
    problems: Iterable[Problem],
) -> Answer:
    """200, also for what was applied in part: any other status would be sent again for ever."""
    result = Result(
        outcome=outcome,
        import_id=document.pk,
        received_on=_local(document.received_at, clinic),
        sections=sections,
        messages=_messages(problems, clinic.language),
    )
    return Answer(200, result, write_result(result))


def refused(
    problem: Problem,
    *,
    clinic: Clinic | None = None,
    document: ReceivedDocument | None = None,
    status: int | None = None,
) -> Answer:
    """Nothing was applied. `clinic` and `document` as far as they are known by then."""
    at = document.received_at if document else clock.now()
    result = Result(
        outcome=Outcome.ERROR,
        import_id=document.pk if document else None,
        received_on=_local(at, clinic) if clinic else None,
        messages=_messages([problem], clinic.language if clinic else LANGUAGE),
    )
    return Answer(status or STATUSES.get(problem.code, BAD_REQUEST), result, write_result(result))


def _local(instant: datetime, clinic: Clinic) -> datetime:
    return instant.astimezone(clinic.tz).replace(tzinfo=None)


def _messages(problems: Iterable[Problem], language: str) -> tuple[Message, ...]:
    with translation.override(language):
        return tuple(
            Message(
                code=each.code,
                text=gettext(each.text) % each.params,
                section=each.section.value if each.section else "",
                line=each.line,
                column=each.column,
                key=each.key,
                attribute=each.attribute,
            )
            for each in problems
        )
