"""The story: a booking, a move and a cancellation from each side, each seen on the other side.

Nothing is told that was not read there: the portal through its control API, the HIS in its
database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from slotbridge.cli import clinic
from slotbridge.cli.demo.children import TooLate
from slotbridge.cli.demo.connecting import Connected
from slotbridge.cli.demo.portal import Address, PortalBooking
from slotbridge.cli.demo.screen import Screen
from slotbridge.cli.demo.teller import Teller, insist, named, patient_of
from slotbridge.his import free, visits
from slotbridge.his.models import Patient, Schedule, Service, Visit
from slotbridge.kit import clock
from slotbridge.sync.models import Booking

RECEPTION = "recepcja"
_DAYS_READ = 12  # always with a working day among them
_APART = timedelta(hours=1)


@dataclass(frozen=True)
class Part:
    """Whose calendar a part of the story is about."""

    person: clinic.Person
    section: clinic.Section
    schedule: Schedule
    service: Service
    address: Address

    @property
    def service_id(self) -> str:
        return self.address.services[self.service.name]


class Story(Teller):
    def __init__(self, screen: Screen, both: Connected) -> None:
        super().__init__(screen, both.children)
        self._both = both

    def tell(self) -> None:
        """All of it, in order. Raises TooLate, ChildDied or portal.PortalRefused."""
        self._screen.title(_("On the portal: seconds until the HIS shows it"))
        self._from_portal(self._part(clinic.PEOPLE[0], clinic.HEART))
        self._screen.title(_("At the reception: seconds until the portal shows it"))
        self._from_reception(self._part(clinic.PEOPLE[6], clinic.SKIN))

    # --- Patients act on the portal --------------------------------------------------------

    def _from_portal(self, part: Part) -> None:
        first, second, third = self._times(part)
        booking, visit = self._new_patient_books(part, first)
        booking = self._patient_moves(part, booking, visit, second)
        self._patient_cancels(part, booking, visit, second)
        self._known_patient_books(part, third)

    def _new_patient_books(self, part: Part, start: datetime) -> tuple[PortalBooking, Visit]:
        given, family = "Jagna", "Nieznana"
        booking = self._books(part, start, given, family, "jagna.nieznana@example.org")
        visit = self.seen(
            lambda: self._visit_of(booking, start), _("The HIS did not hear of the booking.")
        )
        patient = patient_of(visit)
        insist(
            (patient.given_name, patient.family_name) == (given, family)
            and patient.origin_channel == clinic.CHANNEL
            and Patient.Verify.NEW_FROM_PORTAL in patient.verify,
            _("The patient was not registered as the portal named them."),
        )
        self.told(
            _("Patient %(who)s") % {"who": f"{given} {family}"},
            _("books %(when)s with %(person)s") % self._named(part, start),
            _("HIS: visit planned, new patient registered, marked for verification"),
        )
        return booking, visit

    def _patient_moves(
        self, part: Part, old: PortalBooking, visit: Visit, start: datetime
    ) -> PortalBooking:
        with self.acting():
            new = self._both.portal.act("move", booking_id=old.id, start=start.isoformat())
        moved = self.seen(
            lambda: self._visit_of(new, start), _("The HIS did not hear of the move.")
        )
        insist(moved.pk == visit.pk, _("The move made another visit of it."))
        self.told(
            _("Patient %(who)s") % {"who": patient_of(moved).full_name},
            _("moves it to %(when)s") % self._named(part, start),
            _("HIS: the same visit, at its new time"),
        )
        return new

    def _patient_cancels(
        self, part: Part, booking: PortalBooking, visit: Visit, start: datetime
    ) -> None:
        who = patient_of(visit).full_name
        with self.acting():
            self._both.portal.act("cancel", booking_id=booking.id)
        self.seen(
            lambda: Visit.objects.filter(pk=visit.pk, status=Visit.Status.CANCELLED).exists(),
            _("The HIS did not hear of the cancellation."),
        )
        self._await_offered(part, start)
        insist(_is_free_here(part, start), _("The HIS goes on holding the time."))
        self.told(
            _("Patient %(who)s") % {"who": who},
            _("cancels it"),
            _("HIS: visit cancelled; the time is free on both sides"),
        )

    def _known_patient_books(self, part: Part, start: datetime) -> None:
        known = clinic.PATIENTS[0]
        booking = self._books(part, start, known.given, known.family, known.email.title())
        visit = self.seen(
            lambda: self._visit_of(booking, start), _("The HIS did not hear of the booking.")
        )
        patient = patient_of(visit)
        insist(
            (patient.email, patient.origin_channel) == (known.email, ""),
            _("The patient's record was not found by e-mail."),
        )
        self.told(
            _("Patient %(who)s") % {"who": f"{known.given} {known.family}"},
            _("books %(when)s with %(person)s") % self._named(part, start),
            _("HIS: visit planned, her record found by e-mail"),
        )

    def _books(
        self, part: Part, start: datetime, given: str, family: str, email: str
    ) -> PortalBooking:
        with self.acting():
            return self._both.portal.act(
                "book",
                address_id=part.address.id,
                address_service_id=part.service_id,
                start=start.isoformat(),
                patient={
                    "name": given,
                    "surname": family,
                    "email": email,
                    "phone": "+48600100199",
                    "data_privacy_consent": True,
                },
            )

    def _visit_of(self, booking: PortalBooking, start: datetime) -> Visit | None:
        """The visit that the HIS has for a booking, once it stands there at this time."""
        row = (
            Booking.objects.filter(
                account=self._both.account,
                external_id=booking.id,
                visit__start=start,
                visit__status=Visit.Status.BOOKED,
                visit__clash="",
            )
            .select_related("visit__patient")
            .first()
        )
        return row.visit if row else None

    # --- The receptionist acts in the HIS --------------------------------------------------

    def _from_reception(self, part: Part) -> None:
        first, second, _third = self._times(part)
        visit = self._receptionist_plans(part, first)
        self._receptionist_moves(part, visit, first, second)
        self._receptionist_cancels(part, visit, second)

    def _receptionist_plans(self, part: Part, start: datetime) -> Visit:
        known = clinic.PATIENTS[1]
        patient = Patient.objects.get(
            organisation=self._both.organisation, email=known.email, family_name=known.family
        )
        with self.acting():
            visit = visits.book_visit(
                schedule=part.schedule,
                start=start,
                end=start + _length(part),
                patient=patient,
                service=part.service,
                by=RECEPTION,
            )
        self._await_hidden(part, visit, start)
        self.told(
            _("Receptionist"),
            _("plans a visit on %(when)s with %(person)s") % self._named(part, start),
            _("portal: the time is taken, and nobody is named"),
        )
        return visit

    def _receptionist_moves(self, part: Part, visit: Visit, old: datetime, start: datetime) -> None:
        with self.acting():
            visits.move_visit(visit=visit, start=start, end=start + _length(part), by=RECEPTION)
        self._await_hidden(part, visit, start)
        self._await_offered(part, old)
        self.told(
            _("Receptionist"),
            _("moves it to %(when)s") % self._named(part, start),
            _("portal: the new time is taken, the old one offered again"),
        )

    def _receptionist_cancels(self, part: Part, visit: Visit, start: datetime) -> None:
        with self.acting():
            visits.cancel_visit(visit=visit, by=RECEPTION)
        self._await_offered(part, start)
        self.told(_("Receptionist"), _("cancels it"), _("portal: the time is offered again"))

    # --- What the other side shows ---------------------------------------------------------

    def _await_hidden(self, part: Part, visit: Visit, start: datetime) -> None:
        """The time is gone, a booking of ours is why, and it does not say for whom (A40)."""

        def our_booking() -> PortalBooking | None:
            if start in self._both.portal.starts(part.address):
                return None
            for each in self._both.portal.bookings(part.address):
                if (each.start, each.status, each.booked_by) == (start, "booked", "integration"):
                    return each
            return None

        booking = self.seen(our_booking, _("The portal goes on offering the time."))
        insist(
            booking.patient != patient_of(visit).full_name,
            _("The portal was told the patient's name."),
        )

    def _await_offered(self, part: Part, start: datetime) -> None:
        self.seen(
            lambda: start in self._both.portal.starts(part.address, part.service.name),
            _("The portal does not offer the time again."),
        )

    def _named(self, part: Part, start: datetime) -> dict[str, str]:
        return named(part.schedule, part.person, start)

    def _part(self, person: clinic.Person, section: clinic.Section) -> Part:
        both = self._both
        schedule = Schedule.objects.select_related("clinic__unit").get(
            organisation=both.organisation,
            clinic__name=section.name,
            practitioner__licence_number=person.licence,
        )
        service = Service.objects.get(organisation=both.organisation, name=section.services[0].name)
        place = clinic.site_of(section.name).name
        return Part(person, section, schedule, service, both.facility.address(person.name, place))

    def _times(self, part: Part) -> tuple[datetime, datetime, datetime]:
        """Three times that the portal offers now, apart from each other, not before tomorrow."""
        tomorrow = clock.day_bounds(
            clock.today(part.schedule.clinic.unit.tz), part.schedule.clinic.unit.tz
        )[1]
        chosen: list[datetime] = []
        for start in self._both.portal.starts(part.address, part.service.name, _DAYS_READ):
            if start >= (chosen[-1] + _APART if chosen else tomorrow):
                chosen.append(start)
        if len(chosen) < 3:
            raise TooLate(_("The portal does not offer times enough."))
        return chosen[0], chosen[1], chosen[2]


def _length(part: Part) -> timedelta:
    return timedelta(minutes=part.service.duration_minutes)


def _is_free_here(part: Part, start: datetime) -> bool:
    end = start + _length(part)
    slots = free.free_slots(schedules=[part.schedule.pk], start=start, end=end)
    return any(since <= start and end <= till for slot in slots for since, till in slot.free)
