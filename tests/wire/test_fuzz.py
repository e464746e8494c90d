"""No bytes make the reader fail otherwise than by refusing them."""

from hypothesis import given
from hypothesis import strategies as st

from tests.wire.documents import KEY
from tests.wire.fuzz import COUNT, mutated, outcome

NAMES = (
    *("MediExchange", "ClientKey", "ResourceGroups", "rg", "Resources", "r", "Schedules", "s"),
    *("time_rules", "Appointments", "a", "Orders", "o", "id", "ID", "Status", "SyncMode"),
    *("w_start", "b_endTime", "date", "resource_id", "Title", "Duration", "x"),
)
names = st.sampled_from(NAMES)
values = st.text(alphabet="0123456789.:- \u00a0TZfuldi{}", max_size=20)
attributes = st.dictionaries(names, values, max_size=5).map(
    lambda given: "".join(f' {name}="{value}"' for name, value in given.items())
)
trees = st.recursive(
    st.tuples(names, attributes).map(lambda each: f"<{each[0]}{each[1]}/>"),
    lambda inner: st.tuples(names, attributes, st.lists(inner, max_size=4)).map(
        lambda each: f"<{each[0]}{each[1]}>{''.join(each[2])}</{each[0]}>"
    ),
    max_leaves=20,
)


def test_samples_changed_at_random_are_read_or_refused():
    outcomes = {outcome(mutated(number)) for number in range(COUNT)}

    assert {"read", "E_NOT_WELL_FORMED"} < outcomes


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body):
    assert outcome(body) != "read"


@given(trees)
def test_any_elements_are_read_or_refused(tree):
    body = f'<MediExchange ClientKey="{KEY}">{tree}</MediExchange>'.encode()

    assert outcome(body) in {"read", "E_SYNC_MODE", "E_SECTION_TWICE", "E_TOO_LARGE"}
    assert outcome(tree.encode(), export=True) != ""
