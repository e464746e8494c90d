"""Orders: filed once for a time, climbing 0 -> 1 -> 3, each field with its owner (section 8)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotbridge.kit import clock
from slotbridge.portal import clinics, export, holds, orders
from slotbridge.portal.models import Deed, Hold, Letter, Order
from tests.portal.booking import (
    PERSON,
    THURSDAY,
    at,
    change,
    file_at,
    make_clinic,
    make_resource,
    member_of,
    occupy,
    take,
    take_row,
    wall,
    walls,
    work,
)

pytestmark = pytest.mark.django_db(databases=["portal"])


@pytest.fixture(autouse=True)
def moment(frozen):
    frozen.move_to("2010-07-01T02:00:17.600000+00:00")
    return frozen


@pytest.fixture
def doctor():
    found = make_resource(make_clinic())
    work(found, THURSDAY, "8:00-12:00")
    return found


@pytest.fixture
def order(doctor):
    return file_at(doctor, THURSDAY, "10:00")


def stored(order):
    return Order.objects.values().get(pk=order.pk)


def letters():
    return list(Letter.objects.order_by("pk").values_list("kind", flat=True))


def test_an_order_is_numbered_dated_and_consented_to(doctor):
    first, second = file_at(doctor, THURSDAY, "10:00"), file_at(doctor, THURSDAY, "10:30")

    assert (first.number, second.number) == (1, 2)
    assert (first.user_id, first.user_name) == (0, "Воробьёва Анна Петровна")
    assert first.order_date == THURSDAY
    assert first.consented_at == clock.now()
    assert (first.duration, f"{first.time:%H:%M}") == (30, "10:00")
    assert first.changed_at == datetime(2010, 7, 1, 2, 0, 17, tzinfo=UTC)
    assert letters() == ["filed", "new-order"] * 2


def test_the_day_it_was_filed_is_the_clinics_day(moment):
    moment.move_to("2010-06-30T20:30:00+00:00")  # after midnight in Moscow
    doctor = make_resource(make_clinic())
    work(doctor, THURSDAY, "8:00-9:00")
    assert file_at(doctor, THURSDAY, "08:00").order_date == THURSDAY


def test_nobody_is_written_to_who_gave_no_address(doctor):
    person = orders.Person(name1="Воробьёва", name2="Анна")
    file_at(doctor, THURSDAY, "10:00", person=person)
    assert letters() == ["new-order"]


def test_the_second_patient_is_told_and_shown_the_nearest_times(doctor, order):
    with pytest.raises(orders.JustTaken) as taken:
        file_at(doctor, THURSDAY, "10:00")
    assert walls(taken.value.nearest) == ["08:30", "09:00", "09:30", "10:30", "11:00", "11:30"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize("text", ["10:10", "12:00", "07:00"])
def test_a_time_that_was_never_offered_is_not_sold(doctor, text):
    with pytest.raises(orders.JustTaken):
        file_at(doctor, THURSDAY, text)
    assert not Order.objects.exists()


def test_a_held_time_is_for_its_holder_only(doctor):
    hold = holds.hold_time(resource=doctor, start=at(doctor, THURSDAY, "10:00"))
    with pytest.raises(orders.JustTaken):
        file_at(doctor, THURSDAY, "10:00")
    file_at(doctor, THURSDAY, "10:00", hold=hold)
    assert not Hold.objects.exists()


def test_an_expired_hold_still_orders_if_nobody_came_between(doctor, moment):
    hold = holds.hold_time(resource=doctor, start=at(doctor, THURSDAY, "10:00"))
    moment.shift(holds.KEPT_FOR + timedelta(hours=1))
    assert file_at(doctor, THURSDAY, "10:00", hold=hold).status == 0


def test_a_withdrawn_order_frees_its_time_and_says_who_did_it(doctor, order):
    take(order, 1)
    found = orders.withdraw_order(order=order)

    assert (found.status, found.closed_by) == (3, "patient")
    assert "01.07.2010" in found.comment
    assert file_at(doctor, THURSDAY, "10:00").number == 2
    assert letters()[2:4] == ["accepted", "withdrawn"]


def test_an_order_is_withdrawn_once_and_not_after_its_time(order, moment):
    first = orders.withdraw_order(order=order)
    moment.shift(timedelta(minutes=1))
    assert orders.withdraw_order(order=order).changed_at == first.changed_at
    assert letters().count("withdrawn") == 1


def test_a_visit_that_has_begun_is_withdrawn_by_telephone(order, moment):
    moment.move_to(order.start)
    with pytest.raises(orders.TooLate):
        orders.withdraw_order(order=order)
    assert stored(order)["status"] == 0


def test_the_clinics_staff_answer_for_the_clinic(order):
    member = member_of(order.clinic)
    assert orders.answer_order(order=order, accept=True, by=member).status == 1
    assert orders.answer_order(order=order, accept=True, by=member).status == 1
    rejected = orders.answer_order(order=order, accept=False, by=member, comment="Врач болен")

    assert (rejected.status, rejected.closed_by, rejected.comment) == (3, "staff", "Врач болен")
    with pytest.raises(orders.Closed):
        orders.answer_order(order=order, accept=True, by=member)
    assert letters()[2:] == ["accepted", "rejected"]
    deeds = Deed.objects.order_by("pk").values_list("actor", "action")
    assert list(deeds)[1:] == [(member.login, "order.accept"), (member.login, "order.reject")]


def test_neither_an_operator_nor_another_clinics_staff_answer(order):
    for stranger in (member_of(None), member_of(make_clinic())):
        with pytest.raises(orders.NotYours):
            orders.answer_order(order=order, accept=True, by=stranger)
    assert stored(order)["status"] == 0


@pytest.mark.parametrize(
    ("has", "sent", "becomes", "codes", "changed"),
    [
        (0, 0, 0, [], False),
        (0, 1, 1, [], True),
        (0, 3, 3, [], True),
        (1, 0, 1, ["W_STATUS_STALE"], False),
        (1, 1, 1, [], False),
        (1, 3, 3, [], True),
        (3, 0, 3, ["W_STATUS_STALE"], False),
        (3, 1, 3, ["E_ORDER_FINAL"], False),
        (3, 3, 3, [], False),
    ],
)
def test_every_row_of_the_state_machine(order, moment, *, has, sent, becomes, codes, changed):
    if has:
        take(order, has)
    moment.shift(timedelta(minutes=5))
    before = stored(order)

    assert take(order, sent) == (codes, changed)

    after = stored(order)
    assert after["status"] == becomes
    assert (after == before) is not changed
    assert after["closed_by"] == ("clinic" if becomes == 3 else "")
    if changed:
        assert after["changed_at"] == clock.now().replace(microsecond=0)


def test_the_echo_of_an_exported_order_changes_nothing(order, moment):
    take(order, 1, comment="Возьмите снимки")
    moment.shift(timedelta(minutes=5))
    before = stored(order)
    (exported,) = export.orders_between(clinic=order.clinic, start=order.filed_at - timedelta(1))

    assert take_row(order, exported) == ([], False)
    assert stored(order) == before


def test_the_clinic_moves_an_order_and_the_patient_is_told(doctor, order):
    other = make_resource(doctor.clinic, mis_id=-90, name="Кабинет 3")
    codes, changed = take(order, 1, start=wall(THURSDAY, "15:30"), duration=20, mis_resource_id=-90)

    assert (codes, changed) == ([], True)
    found = Order.objects.get()
    assert (found.resource, found.duration) == (other, 20)
    assert found.start == at(doctor, THURSDAY, "15:30")
    assert found.end - found.start == timedelta(minutes=20)
    assert letters()[2:] == ["accepted", "moved"]
    assert file_at(doctor, THURSDAY, "10:00").number == 2


def test_a_closed_order_is_moved_by_nobody(order):
    take(order, 3)
    codes, changed = take(order, 3, start=wall(THURSDAY, "15:30"), duration=20)
    assert (codes, changed) == (["W_READ_ONLY"] * 2, False)


def test_a_time_that_no_clock_shows_is_refused():
    # Moscow's clocks jump from 2:00 to 3:00 on 28.03.2010.
    doctor = make_resource(make_clinic())
    work(doctor, THURSDAY, "8:00-9:00")
    order = file_at(doctor, THURSDAY, "08:00")
    before = stored(order)
    skipped = wall(date(2010, 3, 28), "02:30")
    assert take(order, 1, start=skipped) == (["E_TIME_SKIPPED"], False)
    assert stored(order) == before


def test_an_unknown_resource_refuses_the_whole_row(order):
    before = stored(order)
    assert take(order, 1, mis_resource_id=777_777) == (["E_RANGE"], False)
    assert stored(order) == before


def test_what_the_patient_typed_is_the_portals_and_never_quoted(order):
    typed = {
        "name1": "Синицына", "name2": "Ольга", "name3": "Ивановна", "aim": "другое",
        "phone": "+7 111", "city": "Тверь", "address": "дом", "email": "olga@example.com",
        "user_id": 17, "user_name": "Ольга", "order_date": THURSDAY - timedelta(1), "type": 4,
        "resource_id": 900, "resource_name": "Другой",
    }  # fmt: skip
    before = stored(order)

    assert take(order, 0, **typed) == (["W_READ_ONLY"] * len(typed), False)
    assert stored(order) == before

    problems, _changed = orders.take_change(Order.objects.get(), change(order, 0, **typed), {})
    said = " ".join(f"{each} {each.params}" for each in problems)
    assert not [value for value in typed.values() if str(value) in said]
    assert {each.attribute for each in problems} >= {"Name1", "Resource_ID", "order_date", "Type"}


def test_a_comment_is_replaced_by_one_and_left_by_none(order):
    take(order, 0, comment="Первый")
    for empty in (None, ""):
        assert take(order, 0, comment=empty) == ([], False)
    take(order, 0, comment="Второй")
    assert stored(order)["comment"] == "Второй"


def test_a_stale_echo_does_not_overwrite_who_withdrew(order):
    take(order, 0, comment="Ждём вас")
    comment = orders.withdraw_order(order=order).comment
    assert take(order, 0, comment="Ждём вас") == (["W_STATUS_STALE"], False)
    assert stored(order)["comment"] == comment
    assert "Ждём вас" in comment


def test_last_changed_never_goes_back_with_the_clock(order, moment):
    moment.shift(timedelta(hours=-3))
    take(order, 1)
    assert stored(order)["changed_at"] == order.changed_at


def test_an_order_whose_time_the_clinic_fills_stays_and_is_shown_as_clashing(doctor, order):
    beside = file_at(doctor, THURSDAY, "11:00")
    occupy(doctor, THURSDAY, "09:00", 75)

    def clash():
        return orders.clashing(clinic=doctor.clinic, first=THURSDAY, last=THURSDAY)

    assert (stored(order)["status"], clash()) == (0, {order.pk})
    occupy(doctor, THURSDAY, "11:15", 5)
    assert clash() == {order.pk, beside.pk}
    take(order, 1)  # its own visit is among the appointments
    assert clash() == {beside.pk}


def test_a_new_zone_moves_the_instants_and_leaves_the_clocks(doctor, order):
    second = file_at(doctor, THURSDAY, "10:30")
    facts = clinics.facts_of(doctor.clinic)
    clinics.change_clinic(
        clinic=doctor.clinic,
        facts=clinics.Facts(
            **{name: getattr(facts, name) for name in facts.__slots__}
            | {"time_zone": "Asia/Yekaterinburg"}
        ),
        by="operator",
    )

    for row in (order, second):
        found = Order.objects.get(pk=row.pk)
        assert (found.day, found.time, found.changed_at) == (row.day, row.time, row.changed_at)
        assert found.start == row.start - timedelta(hours=2)
        assert found.end == row.end - timedelta(hours=2)
        assert not found.is_overbooked


def test_orders_are_exported_by_their_change_with_both_ends_counted(doctor, moment):
    rows = []
    for n in range(4):
        rows.append(file_at(doctor, THURSDAY, f"{8 + n:02}:00"))
        moment.shift(timedelta(seconds=1))
    take(rows[0], 1)
    start, end = rows[1].changed_at, rows[3].changed_at

    def numbers(**bounds):
        return [each.id for each in export.orders_between(clinic=doctor.clinic, **bounds)]

    assert numbers(start=start, end=end) == [2, 3, 4]
    assert numbers(start=start) == [2, 3, 4, 1]
    assert numbers(start=end + timedelta(minutes=1)) == []
    assert numbers(start=start, end=start - timedelta(seconds=1)) == []


def test_an_exported_order_has_the_clinics_clock_values_and_leaves_out_what_is_empty():
    clinic = make_clinic("Asia/Yekaterinburg")
    own = make_resource(clinic, mis_id=None, name="Кабинет портала")
    work(own, THURSDAY, "12:00-13:00")
    file_at(own, THURSDAY, "12:00")

    (found,) = export.orders_between(clinic=clinic, start=clock.now() - timedelta(hours=1))

    assert found.mis_resource_id is None
    assert (found.resource_id, found.resource_name, found.type) == (1, "Кабинет портала", 3)
    assert found.start == wall(THURSDAY, "12:00")
    assert found.changed_on == wall(THURSDAY, "08:00:17")
    assert (found.user_id, found.city, found.comment) == (0, None, None)
    assert found.name1 == PERSON.name1


step = st.one_of(
    st.tuples(st.just("mis"), st.sampled_from([0, 1, 3]), st.integers(8, 11)),
    st.tuples(st.just("withdraw"), st.just(0), st.just(0)),
    st.tuples(st.just("staff"), st.booleans(), st.just(0)),
)


@given(steps=st.lists(step, max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_in_whatever_order_the_status_only_climbs(steps):
    doctor = make_resource(make_clinic())
    work(doctor, THURSDAY, "8:00-12:00")
    file_at(doctor, THURSDAY, "11:00")
    order = file_at(doctor, THURSDAY, "10:00")
    member = member_of(doctor.clinic)
    wanted, seen, changed_at = 0, [0], order.changed_at
    for kind, what, hour in steps:
        if kind == "mis":
            take(order, what, start=wall(THURSDAY, f"{hour:02}:00"))
            asked = what
        elif kind == "withdraw":
            orders.withdraw_order(order=order)
            asked = 3
        else:
            asked = 1 if what else 3
            try:
                orders.answer_order(order=order, accept=what, by=member)
            except orders.Closed:
                assert seen[-1] == 3
        wanted = max(wanted, asked)
        order.refresh_from_db()
        seen.append(order.status)
        assert order.changed_at >= changed_at
        changed_at = order.changed_at
    assert seen == sorted(seen)
    assert seen[-1] == wanted
