"""Coming to rest, and what must hold then, whatever happened before."""

from datetime import timedelta

from django.db.models import Q

from slotbridge.his import free
from slotbridge.his.models import Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors, faults
from slotbridge.sandbox.models import Address, Break
from slotbridge.sync import accounts, telling_days, telling_services, telling_visits, visit_plans
from slotbridge.sync.models import (
    Booking,
    InboxMessage,
    ListingDay,
    ListingService,
    VisitTarget,
)
from tests.both_portals import BothPortals
from tests.world import CHANNEL


class InTheEnd:
    def come_to_rest(self):
        faults.clear()
        self.mute()
        self.people_undo_what_keeps_it_apart()
        for _ in range(4):
            self.later()
        self.staff_press_try_again()
        for _ in range(2):
            self.later()

    def later(self):
        self.pass_time(minutes=16)
        self.world.settle()

    def people_undo_what_keeps_it_apart(self):
        """The portal's adviser, and the staff who read the lists again."""
        for address in self.addresses:
            actors.adviser_assigns_address(address)
            actors.adviser_changes_commercial_type(address, Address.Commercial.PREMIUM)
            actors.doctor_switches_calendar(address, on=True)
        self.world.settle()
        accounts.refresh_catalogue(account=self.world.account, by="tests")

    def staff_press_try_again(self):
        for row in ListingDay.objects.exclude(problem=""):
            telling_days.retry_day(listing_day=row, by="tests")
        for row in ListingService.objects.exclude(problem=""):
            telling_services.retry(listing_service=row, by="tests")
        for target in VisitTarget.objects.exclude(problem=""):
            telling_visits.retry_visit(target=target, by="tests")
        for listing in self.world.account.listings.filter(held_since__isnull=False):
            telling_days.release_held(listing=listing, by="tests")

    def agree(self):
        assert not VisitTarget.objects.exclude(doubt="").exists()
        assert not InboxMessage.objects.filter(state="new").exists()
        self._every_booking_is_a_visit()
        self._none_is_lost()
        self._what_is_said_of_a_booking_is_known()
        self._every_visit_closes_its_time()
        self._no_foreign_break_hides_a_free_slot()
        self._what_is_free_is_shown()
        self._services_are_as_the_price_list_says()
        if isinstance(self.world, BothPortals):
            self._the_other_portal_agrees()

    def _ahead(self):
        """(booking at the portal, our row of it), of all that are ahead."""
        for booking in self.bookings(start__gt=clock.now()):
            yield booking, Booking.objects.get(external_id=str(booking.pk))

    def _schedule_at(self, address_id):
        number = [address.pk for address in self.addresses].index(address_id)
        return self.world.schedules[number]

    def _every_booking_is_a_visit(self):
        for booking, row in self._ahead():
            assert row.status == "booked", booking.pk
            assert row.visit is not None, (booking.pk, row.problem)
            assert row.visit.status in {"booked", "arrived", "fulfilled"}, (booking.pk, row.visit)
            assert (row.visit.start, row.visit.end) == (booking.start, booking.end)
            assert row.visit.schedule_id == self._schedule_at(booking.address_id).pk

    def _none_is_lost(self):
        lost = self.booked_there - {
            int(external) for external in Booking.objects.values_list("external_id", flat=True)
        }
        ended = {
            pk for pk in lost if not any(b.pk == pk for b in self.bookings(end__gt=clock.now()))
        }
        assert lost == ended, "only bookings that ended before we heard of them may be unknown"

    def _what_is_said_of_a_booking_is_known(self):
        for booking, row in self._ahead():
            if row.visit.origin_channel == CHANNEL:
                assert row.visit.is_confirmed == booking.is_confirmed, booking.pk
            if booking.payment_status in {"paid", "refunded"} and not self.has_lost:
                assert row.visit.payment == booking.payment_status, booking.pk
        for booking in self.bookings(start__lte=clock.now()):
            row = Booking.objects.filter(external_id=str(booking.pk), status="booked").first()
            if row is None or row.visit is None:
                continue  # it was over when we heard of it
            if booking.presence and row.presence:
                assert row.presence == booking.presence or self.has_lost, booking.pk
            if row.visit.origin_channel == CHANNEL and visit_plans.presence_of(row.visit):
                assert booking.presence, f"who came to {booking.pk} was said here"

    def _every_visit_closes_its_time(self):
        for visit in self.live_visits():
            number = [s.pk for s in self.world.schedules].index(visit.schedule_id)
            assert visit.start not in self.world.portal_shows(self.addresses[number]), visit

    def _no_foreign_break_hides_a_free_slot(self):
        for break_ in Break.objects.filter(till__gt=clock.now()):
            told = VisitTarget.objects.filter(break_id=str(break_.pk))
            hidden = Slot.objects.filter(
                start__lt=break_.till,
                end__gt=break_.since,
                start__gt=clock.now(),
                channels__contains=[CHANNEL],
                schedule=self._schedule_at(break_.address_id),
            ).exclude(Q(visits__status="booked") | Q(visits__status="proposed"))
            assert told.exists() or not hidden.exists(), "a foreign break hides a free slot"

    def _free(self, schedule, channel):
        now = clock.now()
        found = free.free_slots(
            schedules=[schedule.pk], start=now, end=now + timedelta(days=84), channel=channel
        )
        return sorted(
            slot.start for slot in found if slot.free == ((slot.start, slot.end),)
            and slot.start >= now
        )  # fmt: skip

    def _what_is_free_is_shown(self):
        for schedule, address in zip(self.world.schedules, self.addresses, strict=True):
            assert self.world.portal_shows(address) == self._free(schedule, CHANNEL), address.pk

    def _services_are_as_the_price_list_says(self):
        for address in self.addresses:
            assert self.service_at(address).price_minor == 20000, address.pk
            row = ListingService.objects.get(
                listing__address=str(address.pk),
                service=str(self.service_at(address).service_id),
            )
            assert row.external_id == str(self.service_at(address).pk)
        assert not ListingService.objects.exclude(problem="").exists()

    def _the_other_portal_agrees(self):
        assert self.world.medihost_shows() == self._free(self.world.schedule, "medihost")
        asked = Visit.objects.filter(origin_channel="medihost").exclude(status="proposed")
        for visit in asked.filter(start__gt=clock.now()):
            [told] = [status for _, status, start in self.world.orders() if start == visit.start][
                -1:
            ]
            assert told == (1 if visit.status == "booked" else 3), visit
