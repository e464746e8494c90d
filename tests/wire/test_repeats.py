"""Keys that occur more than once are found whatever slice they are looked for in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.wire.medihost import repeats
from slotbridge.wire.medihost.model import Appointment
from tests.wire.documents import local

NINE = local("2010-07-01 09:00")
rows = st.builds(
    Appointment,
    st.sampled_from(["Visit", "Absence"]),
    st.integers(-4, 4) | st.sampled_from([-(2**63), 2**63 - 1]),
    st.integers(-2, 1),
    st.just(NINE),
    st.just(30),
)


def verdict(found):
    looked = repeats.RepeatedAppointments()
    looked.add(found, range(1, len(found) + 1))
    told = looked.verdict()
    return set(told.refused), set(told.repeated), sorted(line for _, _, line in told.found)


@given(st.lists(rows, max_size=30), st.integers(1, 7))
def test_slices_change_nothing(found, at_once):
    whole = verdict(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "_AT_ONCE", at_once)
        assert verdict(found) == whole

    by_key = {}
    for row in found:
        by_key.setdefault((row.tablename, row.id), []).append(row)
    several = {key: len(set(same)) for key, same in by_key.items() if len(same) > 1}
    assert whole[0] == {key for key, kinds in several.items() if kinds > 1}
    assert whole[1] == {key for key, kinds in several.items() if kinds == 1}
