"""Documents changed at random, by HTTP: each gets a clear answer, and a refused one leaves every
table as it was. SLOTBRIDGE_FUZZ says how many (10 000 take a quarter of an hour).
"""

import os
from collections import Counter

import pytest

from slotbridge.portal.models import FailedTry
from slotbridge.wire.medihost.result import Outcome, read_result
from tests.portal.conftest import SAMPLES
from tests.portal.imports import tables
from tests.wire.fuzz import mutated

COUNT = int(os.environ.get("SLOTBRIDGE_FUZZ", "80"))
# What a request leaves behind whatever becomes of it.
TRACES = ("portal_receiveddocument", "portal_documentpart", "portal_clientkey", "portal_failedtry")
ANSWERS = {200, 400, 403, 413}


# Each runs in one transaction of the test's, which keeps the locks of all its temporary tables.
PARTS = [range(first, min(first + 1000, COUNT)) for first in range(0, COUNT, 1000)]


@pytest.mark.django_db(databases=["portal"])
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", PARTS, ids=str)
def test_changed_documents_are_applied_or_leave_everything_as_it_was(clinic, post_xml, part):
    headers = {"Content-Type": "application/xml"}
    post_xml(None, content=(SAMPLES / "mis-export.xml").read_bytes(), headers=headers)
    before = tables(*TRACES)
    seen = Counter()
    for number in part:
        answer = post_xml(None, content=mutated(number) or b" ", headers=headers)

        assert answer.status_code in ANSWERS, number
        result = read_result(answer.content)
        is_refused = answer.status_code != 200
        assert is_refused == (result.outcome is Outcome.ERROR), number
        now = tables(*TRACES)
        assert not is_refused or now == before, number
        before = now
        seen[answer.status_code] += 1
        FailedTry.objects.all().delete()  # ten wrong keys would slow this one down (U-6)
    assert {200, 400} <= seen.keys()
