"""Hypothesis strategies: every document that the model allows, with invented contents."""

from datetime import date, datetime

from hypothesis import strategies as st

from slotbridge.wire.medihost.model import (
    Appointment,
    Document,
    Group,
    Occupancy,
    Order,
    Resource,
    Rule,
    SyncMode,
    Working,
)

# Trimmed, as the reader gives them; of what XML can carry at all.
texts = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\"'<>&\t\n\r Ё😀\x85\u2028"),
    max_size=12,
).map(str.strip)
some = texts.filter(bool)
maybe = st.none() | some
ids = st.integers(-(2**63), 2**63 - 1)
maybe_ids = st.none() | ids
minutes = st.integers(1, 44_640)
days = st.dates(min_value=date(1, 1, 2))
moments = st.datetimes(min_value=datetime(1, 1, 2)).map(  # noqa: DTZ001 - the clinic's local time
    lambda moment: moment.replace(microsecond=0)
)


@st.composite
def rules(draw):
    start, end = sorted(draw(st.sets(st.integers(0, 1440), min_size=2, max_size=2)))
    if end - start < 2 or draw(st.booleans()):
        return Rule(start, end)
    ends = draw(st.sets(st.integers(start, end), min_size=2, max_size=2))
    return Rule(start, end, *sorted(ends))


groups = st.builds(Group, id=ids, name=some, pos=ids)
resources = st.builds(
    Resource, id=ids, name=some, time_step=st.integers(1, 1440), group_id=maybe_ids, pos=ids
)
workings = st.builds(
    Working,
    id=maybe_ids,
    day=days,
    resource_id=ids,
    rules=st.lists(rules(), max_size=1).map(tuple),
)
appointments = st.builds(
    Appointment,
    tablename=texts,
    id=ids,
    resource_id=ids,
    start=moments,
    duration=st.none() | minutes,
    title=texts,
)
changed_orders = st.builds(
    Order,
    id=ids,
    status=st.sampled_from([0, 1, 3]),
    user_id=maybe_ids,
    user_name=maybe,
    order_date=st.none() | days,
    mis_resource_id=maybe_ids,
    resource_name=maybe,
    resource_id=maybe_ids,
    start=st.none() | moments,
    duration=st.none() | minutes,
    type=maybe_ids,
    name1=maybe,
    name2=maybe,
    name3=maybe,
    aim=maybe,
    phone=maybe,
    city=maybe,
    address=maybe,
    email=maybe,
    comment=maybe,
    changed_on=st.none() | moments,
)
exported_orders = st.builds(
    Order,
    id=ids,
    status=st.sampled_from([0, 1, 3]),
    user_id=maybe_ids,
    user_name=maybe,
    order_date=days,
    mis_resource_id=maybe_ids,
    resource_name=some,
    resource_id=ids,
    start=moments,
    duration=minutes,
    type=st.just(3),
    name1=some,
    name2=some,
    name3=maybe,
    aim=maybe,
    phone=maybe,
    city=maybe,
    address=maybe,
    email=maybe,
    comment=maybe,
    changed_on=moments,
)


def _section(rows, key):
    return st.none() | st.lists(rows, max_size=2, unique_by=key).map(tuple)


documents = st.builds(
    Document,
    client_key=st.from_regex(r"[0-9A-F]{8}-[0-9A-F]{4}", fullmatch=True),
    groups=_section(groups, lambda row: row.id),
    resources=_section(resources, lambda row: row.id),
    schedules=_section(workings, lambda row: (row.resource_id, row.day)),
    appointments=st.none()
    | st.builds(
        Occupancy,
        mode=st.sampled_from(SyncMode),
        rows=st.lists(appointments, max_size=2, unique_by=lambda row: (row.tablename, row.id)).map(
            tuple
        ),
    ),
    orders=_section(changed_orders, lambda row: row.id),
)
