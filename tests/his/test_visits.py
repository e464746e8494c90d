from datetime import timedelta

import pytest
import time_machine

from slotbridge.his import visits
from slotbridge.his.models import AuditEntry, OutboxEntry, Slot, Visit, VisitEvent
from tests.factories import (
    CHANNEL,
    OTHER_CHANNEL,
    AbsenceFactory,
    ClinicFactory,
    PatientFactory,
    PriceFactory,
    PriceListFactory,
    PriceListUseFactory,
    RoomFactory,
    ScheduleFactory,
    ServiceFactory,
    SlotFactory,
    VisitFactory,
)

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)
HALF = timedelta(minutes=30)


@pytest.fixture
def slot():
    return SlotFactory(channels=[CHANNEL])


def book(slot, **changed):
    return visits.book_visit(
        **{
            "schedule": slot.schedule,
            "start": slot.start,
            "end": slot.end,
            "patient": PatientFactory(),
            "by": "anna",
        }
        | changed
    )


def portal_books(slot, **changed):
    return book(slot, **{"channel": CHANNEL, "by": CHANNEL, "keep_clash": True} | changed)


def kinds(visit):
    return list(visit.events.order_by("pk").values_list("kind", flat=True))


def reread(visit):
    return Visit.objects.get(pk=visit.pk)


def later_slot(slot, *, schedule=None, after=HALF, **columns):
    return SlotFactory(
        schedule=schedule or slot.schedule,
        start=slot.start + after,
        end=slot.end + after,
        **columns,
    )


class TestBooking:
    def test_a_visit_takes_its_slot_and_tells_its_story(self, slot):
        OutboxEntry.objects.all().delete()

        visit = book(slot, comment="pierwszy raz")

        assert (visit.slot, visit.practitioner, visit.clinic) == (
            slot,
            slot.practitioner,
            slot.schedule.clinic,
        )
        assert (visit.status, visit.clash, visit.origin_channel) == ("booked", "", "")
        told = visit.events.get()
        assert (told.kind, told.actor) == ("booked", "anna")
        assert told.data == {
            "schedule": slot.schedule_id,
            "slot": slot.pk,
            "start": slot.start.isoformat(),
            "end": slot.end.isoformat(),
            "service": None,
            "channel": "",
        }
        assert AuditEntry.objects.get(action="visit.booked").object_id == visit.pk
        assert set(OutboxEntry.objects.values_list("visit", "schedule", "day")) == {
            (visit.pk, None, None),
            (None, slot.schedule_id, slot.day),
        }

    def test_taken_time_is_refused_and_names_who_has_it(self, slot):
        first = book(slot, end=slot.start + QUARTER)

        with pytest.raises(visits.SlotTaken) as refused:
            book(slot, start=slot.start + timedelta(minutes=10))

        assert refused.value.visit_id == first.pk
        assert str(refused.value) == f"taken by visit {first.pk}"

    def test_two_visits_share_a_slot_one_after_the_other(self, slot):
        book(slot, end=slot.start + QUARTER)
        second = book(slot, start=slot.start + QUARTER)

        assert second.slot == slot

    def test_a_room_is_taken_for_other_practitioners_too(self, slot):
        room = RoomFactory()
        Slot.objects.filter(pk=slot.pk).update(room=room)
        taken = book(slot)
        Slot.objects.filter(pk=slot.pk).delete()
        other = ScheduleFactory()
        SlotFactory(schedule=other, room=room, start=slot.start, end=slot.end)

        assert taken.room == room
        with pytest.raises(visits.SlotTaken) as refused:
            book(slot, schedule=other)
        assert refused.value.visit_id == taken.pk

    def test_a_device_has_a_schedule_of_its_own(self):
        room = RoomFactory()
        slot = SlotFactory(schedule=ScheduleFactory(practitioner=None, room=room))

        assert book(slot).room == room
        with pytest.raises(visits.SlotTaken):
            book(slot)

    @pytest.mark.parametrize("minutes", [(-5, 20), (20, 35), (-5, 35), (60, 90)])
    def test_time_that_no_slot_contains_is_refused(self, slot, minutes):
        start, end = (slot.start + timedelta(minutes=m) for m in minutes)

        with pytest.raises(visits.NoSlot) as refused:
            book(slot, start=start, end=end)
        assert refused.value.schedule_id == slot.schedule_id

    def test_a_visit_without_length_is_nobody_s_wish(self, slot):
        with pytest.raises(ValueError, match="starts before it ends"):
            book(slot, end=slot.start)

    def test_an_absence_closes_the_slot(self, slot):
        AbsenceFactory(practitioner=slot.practitioner, start=slot.start, end=slot.end)

        with pytest.raises(visits.NoSlot):
            book(slot)

    def test_an_absence_in_another_clinic_does_not(self, slot):
        AbsenceFactory(
            practitioner=slot.practitioner,
            clinic=ClinicFactory(),
            start=slot.start,
            end=slot.end,
        )

        assert book(slot).status == "booked"

    def test_a_patient_merged_away_is_booked_as_the_survivor(self, slot):
        survivor = PatientFactory()
        old = PatientFactory(merged_into=survivor, is_active=False)

        assert book(slot, patient=old).patient == survivor

    def test_what_the_database_refuses_for_another_reason_is_not_called_taken(self, slot):
        with pytest.raises(visits.occupancy.IntegrityError):
            book(slot, price_minor=-1, currency="PLN")


class TestChannels:
    def test_a_visit_is_exchanged_with_the_slot_s_channels_and_its_origin(self, slot):
        assert book(slot).channels == [CHANNEL]

        other = later_slot(slot, channels=[OTHER_CHANNEL])
        assert portal_books(other).channels == sorted([CHANNEL, OTHER_CHANNEL])

    def test_a_slot_that_is_not_visible_there_is_no_slot_for_a_channel(self, slot):
        hidden = later_slot(slot)

        with pytest.raises(visits.NoSlot):
            portal_books(hidden, keep_clash=False)

    def test_after_a_move_both_slots_channels_count(self, slot):
        visit = book(slot)
        target = later_slot(slot, channels=[OTHER_CHANNEL])

        moved = visits.move_visit(visit=visit, start=target.start, end=target.end, by="anna")

        assert moved.channels == sorted([CHANNEL, OTHER_CHANNEL])

    def test_the_box_taken_off_later_leaves_the_visit_in_the_exchange(self, slot):
        visit = book(slot)
        Slot.objects.filter(pk=slot.pk).update(channels=[])

        assert reread(visit).channels == [CHANNEL]


class TestClash:
    def test_a_confirmed_booking_on_taken_time_is_kept_beside_the_first(self, slot):
        first = book(slot)

        second = portal_books(slot)

        assert (second.clash, second.status, second.slot) == ("taken", "booked", slot)
        assert kinds(second) == ["booked", "clash"]
        assert second.events.last().data == {"clash": "taken", "with": first.pk}
        assert reread(first).clash == ""

    @pytest.mark.parametrize("reason", ["deleted", "hidden", "absence"])
    def test_a_confirmed_booking_without_an_open_slot_is_kept(self, slot, reason):
        if reason == "deleted":
            Slot.objects.filter(pk=slot.pk).delete()
        elif reason == "hidden":
            Slot.objects.filter(pk=slot.pk).update(channels=[])
        else:
            AbsenceFactory(practitioner=slot.practitioner, start=slot.start, end=slot.end)

        visit = portal_books(slot)

        assert visit.clash == "no-slot"
        assert visit.channels == [CHANNEL]
        assert visit.practitioner == slot.practitioner
        assert visit.events.last().data == {"clash": "no-slot"}

    def test_time_under_a_clash_is_not_free(self, slot):
        Slot.objects.filter(pk=slot.pk).update(channels=[])
        clashing = portal_books(slot)

        with pytest.raises(visits.SlotTaken) as refused:
            book(slot)
        assert refused.value.visit_id == clashing.pk

    def test_cancelling_the_first_gives_the_time_to_the_second(self, slot):
        first = book(slot)
        second = portal_books(slot)
        third = portal_books(slot)

        visits.cancel_visit(visit=first, reason="", by="anna")

        assert [reread(v).clash for v in (second, third)] == ["", "taken"]
        assert kinds(second) == ["booked", "clash", "clash-settled"]

    def test_moving_the_first_gives_the_time_to_the_second(self, slot):
        first, second = book(slot), portal_books(slot)
        target = later_slot(slot)

        visits.move_visit(visit=first, start=target.start, end=target.end, by="anna")

        assert reread(second).clash == ""

    def test_moving_the_second_ends_its_clash(self, slot):
        book(slot)
        second = portal_books(slot)
        target = later_slot(slot)

        moved = visits.move_visit(visit=second, start=target.start, end=target.end, by="anna")

        assert moved.clash == ""
        assert kinds(second) == ["booked", "clash", "moved", "clash-settled"]

    def test_a_no_show_gives_the_time_to_the_second(self, slot):
        first, second = book(slot), portal_books(slot)

        with time_machine.travel(slot.start + timedelta(minutes=1), tick=False):
            visits.mark_noshow(visit=first, by="anna")

        assert reread(second).clash == ""

    def test_a_clash_is_settled_once_the_time_is_free(self, slot):
        first = book(slot)
        second = portal_books(slot)

        with pytest.raises(visits.SlotTaken) as refused:
            visits.settle_clash(visit=second, by="anna")
        assert refused.value.visit_id == first.pk

        Visit.objects.filter(pk=first.pk).update(status="cancelled")
        assert visits.settle_clash(visit=second, by="anna").clash == ""
        assert visits.settle_clash(visit=second, by="anna").clash == ""
        assert kinds(second) == ["booked", "clash", "clash-settled"]

    def test_a_visit_without_a_slot_can_be_taken_on_all_the_same(self, slot):
        Slot.objects.filter(pk=slot.pk).delete()
        visit = portal_books(slot)

        settled = visits.settle_clash(visit=visit, by="anna")

        assert (settled.clash, settled.slot) == ("", None)
        SlotFactory(schedule=slot.schedule, start=slot.start, end=slot.end)
        with pytest.raises(visits.SlotTaken):
            book(slot)

    def test_settling_finds_the_slot_that_was_opened_since(self, slot):
        Slot.objects.filter(pk=slot.pk).delete()
        visit = portal_books(slot)
        opened = SlotFactory(schedule=slot.schedule, start=slot.start, end=slot.end)

        assert visits.settle_clash(visit=visit, by="anna").slot == opened

    def test_what_is_cancelled_cannot_be_settled(self, slot):
        visit = visits.cancel_visit(visit=portal_books(slot), reason="", by="anna")

        with pytest.raises(visits.VisitOver):
            visits.settle_clash(visit=visit, by="anna")


class TestPrice:
    @pytest.fixture
    def service(self, slot):
        service = ServiceFactory()
        prices = PriceListFactory(clinic=slot.schedule.clinic)
        PriceFactory(price_list=prices, service=service, amount_minor=250_00)
        PriceListUseFactory(price_list=prices, channel=CHANNEL)
        return service

    def agreed(self, visit):
        return visit.price_minor, visit.currency, visit.price_differs

    def test_the_list_price_of_the_day_is_agreed(self, slot, service):
        assert self.agreed(portal_books(slot, service=service)) == (250_00, "PLN", False)

    def test_another_price_is_kept_and_marked(self, slot, service):
        visit = portal_books(slot, service=service, price_minor=199_00)

        assert self.agreed(visit) == (199_00, "PLN", True)

    def test_the_same_amount_in_another_currency_differs(self, slot, service):
        visit = portal_books(slot, service=service, price_minor=250_00, currency="EUR")

        assert self.agreed(visit) == (250_00, "EUR", True)

    def test_a_price_without_a_list_price_does_not_differ(self, slot):
        visit = portal_books(slot, service=ServiceFactory(), price_minor=0)

        assert self.agreed(visit) == (0, "PLN", False)

    @pytest.mark.parametrize("channel", ["", OTHER_CHANNEL])
    def test_no_list_is_no_price(self, slot, service, channel):
        visit = portal_books(slot, service=service, channel=channel)

        assert self.agreed(visit) == (None, "", False)

    @pytest.mark.usefixtures("service")
    def test_a_service_that_is_not_in_the_list_has_no_price(self, slot):
        visit = portal_books(slot, service=ServiceFactory())

        assert self.agreed(visit) == (None, "", False)

    def test_the_agreed_price_survives_a_change_of_the_list_and_a_move(self, slot, service):
        visit = portal_books(slot, service=service)
        target = later_slot(slot)
        service.prices.update(amount_minor=300_00)

        moved = visits.move_visit(
            visit=visit, start=target.start, end=target.end, service=service, by="anna"
        )

        assert self.agreed(moved) == (250_00, "PLN", False)

    def test_another_service_is_agreed_at_its_own_price(self, slot, service):
        other = ServiceFactory()
        visit = portal_books(slot, service=other, price_minor=100)
        target = later_slot(slot)

        moved = visits.move_visit(
            visit=visit, start=target.start, end=target.end, service=service, by="anna"
        )

        assert (moved.service, *self.agreed(moved)) == (service, 250_00, "PLN", False)


class TestMoving:
    def test_the_same_visit_goes_to_another_practitioner(self, slot):
        visit = book(slot, comment="kontrola")
        target = SlotFactory(schedule=ScheduleFactory(), start=slot.start, end=slot.end)
        OutboxEntry.objects.all().delete()

        moved = visits.move_visit(
            visit=visit, schedule=target.schedule, start=target.start, end=target.end, by="anna"
        )

        assert moved.pk == visit.pk
        assert (moved.practitioner, moved.clinic, moved.slot, moved.comment) == (
            target.practitioner,
            target.schedule.clinic,
            target,
            "kontrola",
        )
        told = visit.events.get(kind="moved").data
        assert (told["from"]["slot"], told["to"]["slot"]) == (slot.pk, target.pk)
        days = OutboxEntry.objects.filter(visit=None).values_list("schedule", flat=True)
        assert set(days) == {slot.schedule_id, target.schedule_id}

    def test_a_visit_moves_within_its_own_time(self, slot):
        visit = book(slot, end=slot.start + timedelta(minutes=20))

        moved = visits.move_visit(
            visit=visit, start=slot.start + timedelta(minutes=10), end=slot.end, by="anna"
        )

        assert moved.start == slot.start + timedelta(minutes=10)

    def test_taken_time_is_refused_and_nothing_changes(self, slot):
        visit, target = book(slot), later_slot(slot)
        other = book(target)

        with pytest.raises(visits.SlotTaken) as refused:
            visits.move_visit(visit=visit, start=target.start, end=target.end, by="anna")

        assert refused.value.visit_id == other.pk
        assert reread(visit).start == slot.start
        assert kinds(visit) == ["booked"]

    def test_no_slot_is_refused(self, slot):
        visit = book(slot)

        with pytest.raises(visits.NoSlot):
            visits.move_visit(visit=visit, start=slot.start, end=slot.end + QUARTER, by="anna")

    def test_a_portal_s_move_to_taken_time_is_kept_as_a_clash(self, slot):
        visit, target = portal_books(slot), later_slot(slot, channels=[CHANNEL])
        book(target)

        moved = visits.move_visit(
            visit=visit, start=target.start, end=target.end, keep_clash=True, by=CHANNEL
        )

        assert (moved.clash, moved.start) == ("taken", target.start)

    def test_a_portal_s_move_to_where_no_slot_is_is_kept_as_a_clash(self, slot):
        visit = portal_books(slot)

        moved = visits.move_visit(
            visit=visit,
            start=slot.start + timedelta(days=1),
            end=slot.end + timedelta(days=1),
            keep_clash=True,
            by=CHANNEL,
        )

        assert (moved.clash, moved.slot) == ("no-slot", None)

    def test_the_target_need_not_be_visible_on_the_channel(self, slot):
        visit, hidden = portal_books(slot), later_slot(slot)

        moved = visits.move_visit(visit=visit, start=hidden.start, end=hidden.end, by=CHANNEL)

        assert moved.clash == ""

    def test_what_the_caller_knows_may_be_old(self, slot):
        visit, target = book(slot), later_slot(slot)
        visits.cancel_visit(visit=reread(visit), reason="", by="ola")

        with pytest.raises(visits.VisitOver) as refused:
            visits.move_visit(visit=visit, start=target.start, end=target.end, by="anna")
        assert refused.value.status == "cancelled"


class TestCancelling:
    def test_the_time_is_free_again(self, slot):
        visit = visits.cancel_visit(visit=book(slot), reason="pacjent dzwonił", by="anna")

        assert (visit.status, visit.cancelled_by) == ("cancelled", "reception")
        assert visit.cancel_reason == "pacjent dzwonił"
        assert visit.events.get(kind="cancelled").data == {}
        assert book(slot).status == "booked"

    @pytest.mark.parametrize("by", [CHANNEL, "system"])
    def test_whose_hand_it_was_is_kept(self, slot, by):
        visit = visits.cancel_visit(visit=book(slot), reason="x" * 400, by=by)

        assert visit.cancelled_by == by
        assert visit.cancel_reason == "x" * 300

    def test_a_paid_visit_is_not_cancelled_by_a_portal(self, slot):
        visit = portal_books(slot)
        Visit.objects.filter(pk=visit.pk).update(payment="online")

        with pytest.raises(visits.VisitOver) as refused:
            visits.cancel_visit(visit=visit, reason="", by=CHANNEL)
        assert refused.value.why == "paid"
        assert visits.cancel_visit(visit=visit, reason="", by="anna").status == "cancelled"

    @pytest.mark.parametrize(("minutes", "why"), [(0, "begun"), (29, "begun"), (30, "past")])
    def test_what_has_begun_or_is_past_stays(self, slot, minutes, why):
        visit, target = book(slot), later_slot(slot, after=timedelta(days=1))

        with time_machine.travel(slot.start + timedelta(minutes=minutes), tick=False):
            with pytest.raises(visits.VisitOver) as refused:
                visits.cancel_visit(visit=visit, reason="", by="anna")
            assert (refused.value.why, refused.value.visit_id) == (why, visit.pk)
            with pytest.raises(visits.VisitOver):
                visits.move_visit(visit=visit, start=target.start, end=target.end, by="anna")

    @pytest.mark.parametrize("status", ["arrived", "fulfilled", "cancelled", "noshow"])
    def test_what_is_over_stays(self, slot, status):
        visit = VisitFactory(slot=slot, status=status)

        with pytest.raises(visits.VisitOver) as refused:
            visits.cancel_visit(visit=visit, reason="", by=CHANNEL)
        assert (refused.value.status, refused.value.why) == (status, status)


class TestMarks:
    def test_a_patient_arrives_and_is_treated(self, slot):
        visit = book(slot)

        assert visits.mark_arrived(visit=visit, by="anna").status == "arrived"
        assert visits.mark_arrived(visit=visit, by="anna").status == "arrived"
        assert visits.mark_fulfilled(visit=visit, by="dr").status == "fulfilled"
        assert visits.mark_fulfilled(visit=visit, by="dr").status == "fulfilled"
        assert kinds(visit) == ["booked", "arrived", "fulfilled"]

    def test_nobody_has_missed_what_has_not_begun(self, slot):
        visit = book(slot)

        with pytest.raises(visits.TooEarly):
            visits.mark_noshow(visit=visit, by="anna")

        with time_machine.travel(slot.start, tick=False):
            assert visits.mark_noshow(visit=visit, by="anna").status == "noshow"
            assert visits.mark_noshow(visit=visit, by="anna").status == "noshow"

    @pytest.mark.parametrize(
        ("status", "mark"),
        [
            ("cancelled", visits.mark_arrived),
            ("fulfilled", visits.mark_arrived),
            ("noshow", visits.mark_fulfilled),
            ("cancelled", visits.mark_noshow),
            ("fulfilled", visits.mark_noshow),
        ],
    )
    def test_what_is_over_is_not_marked(self, slot, status, mark):
        visit = VisitFactory(slot=slot, status=status)

        with pytest.raises(visits.VisitOver):
            mark(visit=visit, by="anna")
        assert not VisitEvent.objects.filter(visit=visit).exists()


def test_a_rolled_back_booking_leaves_no_trace(slot):
    OutboxEntry.objects.all().delete()
    book(slot)
    before = (VisitEvent.objects.count(), AuditEntry.objects.count(), OutboxEntry.objects.count())

    with pytest.raises(visits.SlotTaken):
        book(slot)

    after = (VisitEvent.objects.count(), AuditEntry.objects.count(), OutboxEntry.objects.count())
    assert after == before


def test_booking_costs_the_same_whatever_else_is_planned(slot, django_assert_num_queries):
    for day in range(1, 6):
        VisitFactory(slot=later_slot(slot, after=timedelta(days=day)))
    columns = {"patient": PatientFactory(), "by": "anna", "schedule": slot.schedule}

    with django_assert_num_queries(16):
        visits.book_visit(start=slot.start, end=slot.end, **columns)
