"""Who acts at the portal: the sandbox's control API (docs/sandbox.md), or a person who is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from slotbridge.cli import language
from slotbridge.kit import http
from slotbridge.sync.certification.visitor import CannotAct, Invented, Wish
from slotbridge.sync.contract import Heard, ListingRef

_EVENTS = {Heard.BOOKED: "slot-booked", Heard.MOVED: "booking-moved"}
_SOON = timedelta(minutes=1)


def is_sandbox(url: str) -> bool:
    """Whether the look-alike answers there; a portal has no such path."""
    try:
        with http.client(url) as client:
            answer = client.get("/_sandbox/health")
            return answer.is_success and answer.json().get("status") == "up"
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


class SandboxVisitor:
    """The invented patient, and the doctor, by the control API of a sandbox."""

    patience = _SOON
    described = "the sandbox's control API"

    def __init__(
        self, url: str, token: str, client_id: str, waiting: Callable[[timedelta], None]
    ) -> None:
        self._http = http.client(f"{url.rstrip('/')}/_sandbox/")
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._client_id = client_id
        self.waiting = waiting

    def close(self) -> None:
        self._http.close()

    def books(self, wish: Wish, patient: Invented) -> None:
        self._act(
            "patient",
            "book",
            address_id=wish.listing.address,
            address_service_id=wish.service,
            start=wish.start.isoformat(),
            patient={
                "name": patient.given_name,
                "surname": patient.family_name,
                "email": patient.email,
                "phone": patient.phone,
                "data_privacy_consent": True,
            },
        )

    def moves(self, booking: str, old: datetime, wish: Wish) -> None:  # noqa: ARG002 - a person is told the old time, too
        self._act("patient", "move", booking_id=booking, start=wish.start.isoformat())

    def cancels(self, booking: str, wish: Wish) -> None:  # noqa: ARG002 - a person is told the time, too
        self._act("patient", "cancel", booking_id=booking)

    def adds_break(self, listing: ListingRef, start: datetime, end: datetime) -> None:
        self._act(
            "doctor",
            "add-break",
            address_id=listing.address,
            since=start.isoformat(),
            till=end.isoformat(),
        )

    def loses_next(self, heard: Heard) -> None:
        self._post(
            "faults",
            {"target": _EVENTS[heard], "effect": "lost", "client_id": self._client_id},
        )

    def _act(self, who: str, what: str, **details: object) -> None:
        self._post("act", {"who": who, "what": what, **details})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            answer = self._http.post(path, json=body)
        except httpx.HTTPError as error:
            raise CannotAct(f"The sandbox does not answer: {type(error).__name__}.") from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise CannotAct(
                "The sandbox refuses the control token: set SLOTBRIDGE_SANDBOX_CONTROL_TOKEN."
            )
        if not answer.is_success:
            # Its own words name a reason, never what was sent.
            raise CannotAct(f"The sandbox refused it: {answer.status_code} {answer.text[:100]}")


class PersonVisitor:
    """Tells the person at the terminal exactly what to do on the portal's pages."""

    described = "a person, on the portal's own pages"

    def __init__(
        self,
        patience: timedelta,
        say: Callable[[str], None],
        waiting: Callable[[timedelta], None],
    ) -> None:
        self.patience = patience
        self._say, self.waiting = say, waiting

    def books(self, wish: Wish, patient: Invented) -> None:
        self._ask(
            _noop(
                "As a patient, open the page of doctor %(doctor)s at address %(address)s, choose"
                " “%(service)s” on %(when)s, and book it for %(given)s %(family)s. Use your own"
                " phone number, and an e-mail address that no patient's record here has."
            ),
            wish,
            given=patient.given_name,
            family=patient.family_name,
        )

    def moves(self, booking: str, old: datetime, wish: Wish) -> None:
        self._ask(
            _noop(
                "As the same patient, change the date of booking %(booking)s from %(old)s to"
                " %(when)s."
            ),
            wish,
            booking=booking,
            old=_wall(wish.listing, old),
        )

    def cancels(self, booking: str, wish: Wish) -> None:
        self._ask(
            _noop("As the same patient, cancel booking %(booking)s on %(when)s."),
            wish,
            booking=booking,
        )

    def adds_break(self, listing: ListingRef, start: datetime, end: datetime) -> None:
        wish = Wish(listing, "", "", start)
        self._ask(
            _noop(
                "As the doctor, open the portal's calendar of address %(address)s and add a break"
                " from %(when)s to %(end)s."
            ),
            wish,
            end=_wall(listing, end),
        )

    def loses_next(self, heard: Heard) -> None:  # noqa: ARG002 - whatever it is
        raise CannotAct("A portal cannot be asked to lose a notification: see it at the sandbox.")

    def _ask(self, sentence: str, wish: Wish, **more: str) -> None:
        """The flows speak English, for the report; whoever is asked, the terminal's language."""
        words = {
            "doctor": wish.listing.doctor,
            "address": wish.listing.address,
            "service": wish.service_name,
            "when": _wall(wish.listing, wish.start),
            **more,
        }
        with translation.override(language.spoken()):
            self._say(_(sentence) % words)
            self._say(_("It is waited for; Ctrl-C ends the run and cleans up."))


def _wall(listing: ListingRef, moment: datetime) -> str:
    return moment.astimezone(listing.tz).strftime("%Y-%m-%d %H:%M")
