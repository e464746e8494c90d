"""The second part of the story: a time chosen on one portal is gone on the other, and both
portals' patients choose the same minute.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from slotbridge.cli import clinic
from slotbridge.cli.demo.connecting import Connected
from slotbridge.cli.demo.medihost import CHANNEL, Medihost, Patient
from slotbridge.cli.demo.portal import Address
from slotbridge.cli.demo.screen import Screen
from slotbridge.cli.demo.teller import Teller, insist, named
from slotbridge.his import visits
from slotbridge.his.models import Schedule, Visit
from slotbridge.sync.models import Account, Booking

RECEPTION = "recepcja"
_APART = timedelta(hours=1)
PERSON = clinic.PEOPLE[3]
SECTION = clinic.INTERNAL


class TwoPortals(Teller):
    def __init__(
        self, screen: Screen, first: Connected, second: Medihost, account: Account
    ) -> None:
        super().__init__(screen, first.children)
        self._first, self._second, self._account = first, second, account
        self._schedule = Schedule.objects.select_related("clinic__unit").get(
            organisation=first.organisation,
            clinic__name=SECTION.name,
            practitioner__licence_number=PERSON.licence,
        )

    def tell(self) -> None:
        """All of it, in order. Raises TooLate, ChildDied, PortalRefused or PageBroken."""
        self._screen.title(_("On both portals: seconds until the other side shows it"))
        early, late, same = self._times()
        self._booked_on_the_first(early)
        self._ordered_on_the_second(late)
        self._both_at_once(same)

    def _booked_on_the_first(self, start: datetime) -> None:
        with self.acting():
            self._book(start, "Iwo", "Dwojak")
        self.seen(
            lambda: start not in self._second.starts(PERSON),
            _("Medihost goes on offering the time."),
        )
        self.told(
            _("Patient %(who)s") % {"who": "Iwo Dwojak"},
            _("books %(when)s with %(person)s on ZnanyLekarz") % self._named(start),
            _("Medihost: the time is gone"),
        )

    def _ordered_on_the_second(self, start: datetime) -> None:
        who = Patient("Marta", "Podwójna", "marta.podwojna@example.org")
        with self.acting():
            order = self._second.order(PERSON, start, who)
        visit = self.seen(lambda: self._ordered(start), _("The HIS did not hear of the order."))
        self.seen(
            lambda: start not in self._first.portal.starts(self._address()),
            _("ZnanyLekarz goes on offering the time."),
        )
        self.told(
            _("Patient %(who)s") % {"who": f"{who.given} {who.family}"},
            _("orders %(when)s with %(person)s on Medihost") % self._named(start),
            _("HIS: it waits for an answer; ZnanyLekarz: the time is gone"),
        )
        with self.acting():
            visits.accept_visit(visit=visit, by=RECEPTION)
        self.seen(
            lambda: self._second.state(order) == "good",
            _("Medihost was not told that the order is accepted."),
        )
        self.told(_("Receptionist"), _("accepts it"), _("Medihost: the patient has an appointment"))
        with self.acting():
            self._second.withdraw(order)
        self.seen(
            lambda: Visit.objects.filter(pk=visit.pk, status=Visit.Status.CANCELLED).exists(),
            _("The HIS did not hear of the withdrawal."),
        )
        self.told(
            _("Patient %(who)s") % {"who": f"{who.given} {who.family}"},
            _("withdraws it by the link in the letter"),
            _("HIS: visit cancelled"),
        )

    def _both_at_once(self, start: datetime) -> None:
        """H-3: nobody is dropped, and the desk is asked."""
        who = Patient("Ola", "Równoczesna", "ola.rownoczesna@example.org")
        with self.acting():
            # The order first: ZnanyLekarz tells at once, Medihost is asked every few seconds.
            order = self._second.order(PERSON, start, who)
            self._book(start, "Jan", "Równoczesny")
        clashing = self.seen(
            lambda: self._ordered(start, clash=Visit.Clash.TAKEN) or self._ordered(start),
            _("The HIS did not hear of the order."),
        )
        insist(
            Booking.objects.filter(
                account=self._first.account, visit__start=start, visit__status="booked"
            ).exists(),
            _("The HIS did not hear of the booking."),
        )
        self.told(
            _("Two patients"),
            _("choose %(when)s on both portals at once") % self._named(start),
            _("HIS: both are kept, one marked as clashing, and the desk is asked"),
        )
        with self.acting():
            visits.cancel_visit(visit=clashing, reason=_("the time was taken"), by=RECEPTION)
        self.seen(
            lambda: self._second.state(order) == "bad",
            _("Medihost was not told that the order is rejected."),
        )
        self.told(_("Receptionist"), _("rejects the order"), _("Medihost: the patient is told"))

    # --- Looking ---------------------------------------------------------------------------

    def _book(self, start: datetime, given: str, family: str) -> None:
        address = self._address()
        self._first.portal.act(
            "book",
            address_id=address.id,
            address_service_id=address.services[SECTION.services[0].name],
            start=start.isoformat(),
            patient={
                "name": given,
                "surname": family,
                "email": f"{given}@example.org".lower(),
                "phone": "+48600100197",
                "data_privacy_consent": True,
            },
        )

    def _ordered(self, start: datetime, clash: str = "") -> Visit | None:
        """The visit that an order became, once it waits at this time."""
        row = (
            Booking.objects.filter(
                account=self._account,
                visit__start=start,
                visit__status=Visit.Status.PROPOSED,
                visit__origin_channel=CHANNEL,
                visit__clash=clash,
            )
            .select_related("visit")
            .first()
        )
        return row.visit if row else None

    def _address(self) -> Address:
        return self._first.facility.address(PERSON.name, clinic.site_of(SECTION.name).name)

    def _times(self) -> tuple[datetime, datetime, datetime]:
        """Three times that both portals offer now, apart from each other."""
        on_first = set(self._first.portal.starts(self._address(), SECTION.services[0].name))
        both = [start for start in self._second.starts(PERSON) if start in on_first]
        chosen: list[datetime] = []
        for start in both:
            if not chosen or start >= chosen[-1] + _APART:
                chosen.append(start)
        insist(len(chosen) >= 3, _("The portals do not offer times enough."))
        return chosen[0], chosen[1], chosen[2]

    def _named(self, start: datetime) -> dict[str, str]:
        return named(self._schedule, PERSON, start)
