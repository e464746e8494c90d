"""What patients, doctors and advisers do on the portal: every event of its contract."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import rule

from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Address, Break, Service
from tests.sync.machine_ground import FATES, chosen, pick, which

PEOPLE = ["lucja", "anna", "gniewko", "miron", "perpetua"]


class OnThePortal:
    # --- bookings ---

    @rule(number=pick, who=which, name=st.sampled_from(PEOPLE), fate=FATES)
    def patient_books(self, number, who, name, fate):
        self.fate("slot-booked", fate)
        self.book(actors.patient_books, self.addresses[who], number, name)

    @rule(number=pick, who=which, name=st.sampled_from(PEOPLE), fate=FATES)
    def doctor_books(self, number, who, name, fate):
        self.fate("slot-booked", fate)
        self.book(actors.doctor_books, self.addresses[who], number, name)

    def book(self, act, at, number, name):
        start, service = chosen(self.world.portal_shows(at), number), self.service_at(at)
        if start is None or service is None:
            return
        patient = actors.PatientData(name=name, surname="Zmyślona", email=f"{name}@example.org")
        with suppress(actors.Refused):  # the clinic may say no, where it is asked
            booking = act(at, start, service, patient)
            self.booked_there.add(booking.pk)
            note(f"{act.__name__} {booking.pk} at {start} of {at.pk}")

    @rule(number=pick, to=pick, who=which, fate=FATES)
    def patient_moves(self, number, to, who, fate):
        self.fate("booking-moved", fate)
        booking = chosen(self.bookings(booked_by="user"), number)
        self.move_there(actors.patient_moves, booking, self.addresses[who], to)

    @rule(number=pick, to=pick, who=which, fate=FATES)
    def doctor_moves(self, number, to, who, fate):
        self.fate("booking-moved", fate)
        self.move_there(
            actors.doctor_moves, chosen(self.bookings(), number), self.addresses[who], to
        )

    def move_there(self, act, booking, at, number):
        start = chosen(self.world.portal_shows(at), number) if booking else None
        service = self.service_at(at)
        if start is None or service is None:
            return
        with suppress(actors.Refused):
            moved = act(booking, start, address=at, service=service)
            self.booked_there.add(moved.pk)
            note(f"{act.__name__} {booking.pk} to {start} of {at.pk}: {moved.pk}")

    @rule(number=pick, fate=FATES)
    def patient_cancels(self, number, fate):
        self.fate("booking-canceled", fate)
        self.act(actors.patient_cancels, chosen(self.bookings(booked_by="user"), number))

    @rule(number=pick, fate=FATES)
    def doctor_cancels(self, number, fate):
        self.fate("booking-canceled", fate)
        self.act(actors.doctor_cancels, chosen(self.bookings(), number))

    @rule(
        number=pick,
        by=st.sampled_from([actors.patient_confirms, actors.doctor_confirms]),
        fate=FATES,
    )
    def somebody_confirms(self, number, by, fate):
        self.fate("booking-confirmed", fate)
        self.act(by, chosen(self.bookings(is_confirmed=False), number))

    @rule(
        number=pick,
        status=st.sampled_from(["paid", "waiting_for_confirmation", "not-paid", "refunded"]),
        fate=FATES,
    )
    def money_moves(self, number, status, fate):
        self.fate("booking-payment-status-changed", fate)
        paid_for = [each for each in self.bookings() if each.payment_status]
        self.act(actors.patient_pays, chosen(paid_for, number), status)

    @rule(number=pick, present=st.booleans(), fate=FATES)
    def doctor_marks_presence(self, number, present, fate):
        self.fate("presence-marked", fate)
        self.act(actors.doctor_marks_presence, chosen(self.bookings(), number), present)

    def act(self, act, booking, *more):
        if booking is not None:
            with suppress(actors.Refused):
                act(booking, *more)
                note(f"{act.__name__} {booking.pk} {more}")

    # --- the calendar ---

    @rule(number=pick, who=which, fate=FATES)
    def doctor_makes_a_break(self, number, who, fate):
        self.fate("break-created", fate)
        start = chosen(self.world.portal_shows(self.addresses[who]), number)
        if start is not None:
            with suppress(actors.Refused):
                actors.doctor_adds_break(self.addresses[who], start, start + timedelta(minutes=30))

    @rule(number=pick, minutes=st.sampled_from([-30, 30, 60]), fate=FATES)
    def doctor_moves_a_break(self, number, minutes, fate):
        self.fate("break-moved", fate)
        break_ = chosen(list(Break.objects.order_by("pk")), number)
        if break_ is not None:
            by = timedelta(minutes=minutes)
            with suppress(actors.Refused):
                actors.doctor_moves_break(break_, break_.since + by, break_.till + by)

    @rule(number=pick, fate=FATES)
    def doctor_removes_a_break(self, number, fate):
        self.fate("break-removed", fate)
        break_ = chosen(list(Break.objects.order_by("pk")), number)
        if break_ is not None:
            actors.doctor_removes_break(break_)

    @rule()
    def doctor_clears_a_day(self):
        actors.doctor_changes_slots(self.addresses[0], self.world.at(1).date(), [])

    # --- services ---

    @rule(who=which, price=st.sampled_from([None, 0, 15000, 20000]), fate=FATES)
    def doctor_changes_a_price(self, who, price, fate):
        self.fate("address-service-changed", fate)
        service = self.service_at(self.addresses[who])
        if service is not None:
            actors.doctor_changes_service(service, price_minor=price)

    @rule(who=which, fate=FATES)
    def doctor_removes_a_service(self, who, fate):
        self.fate("address-service-deleted", fate)
        service = self.service_at(self.addresses[who])
        if service is not None:
            actors.doctor_removes_service(service)
            note(f"removed service {service.pk}")

    @rule(who=which, name=st.sampled_from(["Konsultacja", "Badanie"]), fate=FATES)
    def doctor_adds_a_service(self, who, name, fate):
        self.fate("address-service-created", fate)
        service, _made = Service.objects.get_or_create(name=name)
        with suppress(actors.Refused):
            actors.doctor_adds_service(self.addresses[who], service, 12300)

    # --- the adviser ---

    @rule(who=which, kind=st.sampled_from(Address.Commercial.values), fate=FATES)
    def adviser_changes_the_commercial_type(self, who, kind, fate):
        self.fate("address-commercial-type-changed", fate)
        actors.adviser_changes_commercial_type(self.addresses[who], kind)

    @rule(fate=FATES)
    def adviser_takes_an_address_away(self, fate):
        self.fate("address-unassigned", fate)
        actors.adviser_unassigns_address(self.addresses[1])

    @rule(fate=FATES)
    def adviser_gives_an_address_back(self, fate):
        self.fate("address-assigned", fate)
        actors.adviser_assigns_address(self.addresses[1])
        with suppress(actors.Refused):
            actors.doctor_switches_calendar(self.addresses[1], on=True)
