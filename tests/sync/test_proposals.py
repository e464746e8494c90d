"""Proposals of links, and their acceptance by a person (R14-R19, A12, A14)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from slotbridge.his import catalogue, organisation, staff
from slotbridge.his.models import AuditEntry, Practitioner, Service
from slotbridge.sync import links, proposals
from slotbridge.sync.contract import CatalogueRecord, ItemKind
from slotbridge.sync.models import CatalogueItem, Link, ListingDay, ListingSchedule
from tests.factories import PractitionerFactory
from tests.web.house import RECORDS, House

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def house(db, frozen):
    return House()


def proposed(house, kind):
    """{our record: (its counterpart, score, reason)} of everything that is proposed."""
    return {
        str(row.record): (
            row.proposal.item.name if row.proposal.item else None,
            row.proposal.score,
            row.proposal.reason,
        )
        for row in proposals.proposals(account=house.account, kind=kind)
    }


def doctor(external_id, name, *licences):
    data = {"licence_numbers": list(licences)} if licences else {}
    return CatalogueRecord(ItemKind.DOCTOR, external_id, name, facility="f1", data=data)


def service(external_id, name):
    return CatalogueRecord(ItemKind.SERVICE, external_id, name)


def person(house, given, family, licence="", title=""):
    return staff.add_practitioner(
        organisation=house.organisation,
        given_name=given,
        family_name=family,
        licence_number=licence,
        title=title,
        by="tests",
    )


def links_made(house):
    return Link.objects.filter(account=house.account, ended_at__isnull=True).count()


# --- persons -----------------------------------------------------------------------------------


def test_r19_persons_are_proposed_by_name_whatever_titles_marks_and_order(house):
    house.synchronise(
        [
            *RECORDS[:4],
            doctor("d1", "prof. dr hab. n. med. Gniewko Zrebiec"),
            doctor("d2", "ĆWIKŁA-NOWAK Żaneta"),
            doctor("d3", "Bozydar Żdziebło"),
            doctor("d4", "Ktoś Zupełnie Inny"),
        ]
    )
    assert proposed(house, "practitioner") == {
        "dr n. med. Gniewko Źrebiec": ("prof. dr hab. n. med. Gniewko Zrebiec", 100, "same name"),
        "lek. Żaneta Ćwikła-Nowak": ("ĆWIKŁA-NOWAK Żaneta", 97, "same words in another order"),
        "lek. Bożydar Ździebło": ("Bozydar Żdziebło", 100, "same name"),
    }


def test_r19_a_name_that_is_only_similar_is_never_sure(house):
    house.synchronise([*RECORDS[:4], doctor("d1", "Gniewka Źrebiec")])
    name, score, reason = proposed(house, "practitioner")["dr n. med. Gniewko Źrebiec"]
    assert (name, reason) == ("Gniewka Źrebiec", f"similar name: {score} %")
    assert 80 < score < 90


def test_r19_the_licence_number_goes_before_the_name(house):
    """A woman who has married goes by another name, and her namesake has another number."""
    house.synchronise(
        [
            *RECORDS[:4],
            doctor("d1", "Żaneta Ćwikła", "PWZ 09000002"),
            doctor("d2", "Żaneta Ćwikła-Nowak", "1234567"),
        ]
    )
    assert proposed(house, "practitioner") == {
        "lek. Żaneta Ćwikła-Nowak": ("Żaneta Ćwikła", 100, "same licence number")
    }


def test_r19_a_namesake_with_another_licence_number_is_not_sure(house):
    house.synchronise([*RECORDS[:4], doctor("d1", "Gniewko Źrebiec", "1234567")])
    assert proposed(house, "practitioner") == {
        "dr n. med. Gniewko Źrebiec": (
            "Gniewko Źrebiec",
            60,
            "same name, but another licence number",
        )
    }


def test_r19_a_licence_number_under_quite_another_name_is_for_a_person_to_look_at(house):
    house.synchronise([*RECORDS[:4], doctor("d1", "Wincenty Ogórek", "9000001")])
    assert proposed(house, "practitioner") == {
        "dr n. med. Gniewko Źrebiec": (
            "Wincenty Ogórek",
            85,
            "same licence number, but another name",
        )
    }


def test_a12_one_counterpart_is_never_proposed_for_two_persons(house):
    person(house, "Gniewko", "Zrebiecki")
    house.synchronise([*RECORDS[:4], doctor("d1", "Gniewko Źrebiec")])
    assert list(proposed(house, "practitioner")) == ["dr n. med. Gniewko Źrebiec"]


def test_a12_two_namesakes_wait_for_a_person_who_is_told_so(house):
    person(house, "Gniewko", "Źrebiec", title="lek.")
    house.synchronise([*RECORDS[:4], doctor("d1", "Gniewko Źrebiec")])
    assert proposed(house, "practitioner") == {
        "dr n. med. Gniewko Źrebiec": (
            None,
            89,
            "“Gniewko Źrebiec” fits lek. Gniewko Źrebiec equally well: choose by hand.",
        ),
        "lek. Gniewko Źrebiec": (
            None,
            89,
            "“Gniewko Źrebiec” fits dr n. med. Gniewko Źrebiec equally well: choose by hand.",
        ),
    }
    done = proposals.accept_all(account=house.account, kind="practitioner", above=60, by="anna")
    assert (done.linked, done.refused, links_made(house)) == ([], [], 0)


def test_two_profiles_of_one_person_wait_too(house):
    house.synchronise([*RECORDS[:4], doctor("d1", "Gniewko Źrebiec"), doctor("d9", "Źrebiec G.")])
    house.synchronise(
        [*RECORDS[:4], doctor("d1", "Gniewko Źrebiec"), doctor("d9", "dr Gniewko Źrebiec")]
    )
    assert proposed(house, "practitioner") == {
        "dr n. med. Gniewko Źrebiec": (
            None,
            89,
            "Several fit equally well, choose by hand: Gniewko Źrebiec; dr Gniewko Źrebiec.",
        )
    }


def test_a12_whoever_is_linked_keeps_the_counterpart(house):
    house.synchronise()
    house.link(house.people[3], "d1")
    assert list(proposed(house, "practitioner")) == ["lek. Żaneta Ćwikła-Nowak"]


def test_who_is_out_of_use_gets_no_proposal(house):
    staff.change_practitioner(practitioner=house.people[0], is_active=False, by="tests")
    house.synchronise()
    assert list(proposed(house, "practitioner")) == ["lek. Żaneta Ćwikła-Nowak"]


# --- units and clinics -------------------------------------------------------------------------


def test_r17_a_facility_is_known_by_its_name_or_by_the_street_of_its_places(house):
    house.synchronise()
    assert proposed(house, "unit") == {
        "Przychodnia przy Rynku": (
            "Lecznica Pod Lipą",
            95,
            "has an address in the same street and city",
        ),
        "Przychodnia Zarzecze": (
            "Lecznica Pod Lipą, filia",
            95,
            "has an address in the same street and city",
        ),
    }
    organisation.change_unit(unit=house.units[0], name="Lecznica „Pod lipą”", by="tests")
    assert proposed(house, "unit")["Lecznica „Pod lipą”"] == ("Lecznica Pod Lipą", 100, "same name")


def test_r17_the_only_facility_is_proposed_but_is_not_sure(house):
    house.synchronise([CatalogueRecord(ItemKind.FACILITY, "f1", "Zdrowie i Uroda")])
    assert set(proposed(house, "unit").values()) == {
        ("Zdrowie i Uroda", 75, "the only one there")
    }, "several units may point to one facility (A12)"


def test_r17_a_facility_named_as_the_organisation_is_not_sure_either(house):
    house.synchronise(
        [
            CatalogueRecord(ItemKind.FACILITY, "f1", "Zdrowie i Uroda"),
            CatalogueRecord(ItemKind.FACILITY, "f2", "Lecznica Pod Lipą"),
        ]
    )
    assert set(proposed(house, "unit").values()) == {
        ("Lecznica Pod Lipą", 89, "named as the organisation")
    }


def test_r18_clinics_of_one_house_are_proposed_the_same_place(house):
    """A12, A14: places, by street and city; several clinics may share one."""
    house.synchronise()
    found = proposed(house, "clinic")
    assert {name: item for name, (item, _, _) in found.items()} == {
        "Poradnia kardiologiczna": "Lecznica Pod Lipą",
        "Poradnia dermatologiczna": "Lecznica Pod Lipą",
        "Poradnia kardiologiczna Zarzecze": "Filia",
    }
    assert {reason for _, _, reason in found.values()} == {"same street and city"}
    assert all(90 <= score <= 100 for _, score, _ in found.values())


def test_r18_of_two_places_at_one_street_the_name_decides(house):
    both = [
        CatalogueRecord(ItemKind.PLACE, id_, f"{name}, Wymyślona 7/2, 00-000 Lipowo", facility="f1")
        for id_, name in (("p1", "Dermatologia Lipowo"), ("p2", "Kardiologia: poradnia"))
    ]
    house.synchronise([*RECORDS[:2], *both])
    organisation.change_clinic(clinic=house.clinics[0], name="Poradnia Kardiologia", by="tests")
    assert proposed(house, "clinic")["Poradnia Kardiologia"][0].startswith("Kardiologia")


def test_a14_a_place_of_another_facility_than_the_units_is_not_proposed(house):
    house.synchronise()
    house.link(house.unit, "f2")
    assert {name: item for name, (item, _, _) in proposed(house, "clinic").items()} == {
        "Poradnia kardiologiczna": "Filia",
        "Poradnia dermatologiczna": "Filia",
        "Poradnia kardiologiczna Zarzecze": "Filia",
    }, "of this facility it is the only one"


# --- services ----------------------------------------------------------------------------------


def test_r15_services_are_proposed_by_their_own_or_their_public_name(house):
    house.synchronise()
    catalogue.change_service(
        service=house.services[2],
        name="KONS-DERM",
        duration_minutes=20,
        public_name="Serca echo",
        by="tests",
    )
    house.price_list()  # the first is priced in a clinic, the others nowhere yet
    found = proposed(house, "service")
    assert found["Konsultacja kardiologiczna"] == ("Konsultacja kardiologiczna", 100, "same name")
    assert found["Echo serca"] == ("Echo serca", 100, "same name")
    assert "KONS-DERM" not in found, "the other one has the same name, word for word"


def priced(house, clinic, service):
    made = catalogue.add_price_list(
        clinic=clinic, name=f"Cennik {service.pk}", valid_from=None, valid_to=None, by="tests"
    )
    catalogue.set_price(price_list=made, service=service, amount_minor=100, by="tests")
    return made


@pytest.mark.parametrize(("clinics", "both"), [((0, 0), False), ((0, 1), True)])
def test_a12_within_a_clinic_one_portal_service_is_proposed_once(house, clinics, both):
    """In another clinic it may be proposed again, whether the lists are ticked or not."""
    house.synchronise([*RECORDS[:4], service("s2", "Echo serca")])
    other = catalogue.add_service(
        organisation=house.organisation, name="Serca echo", duration_minutes=20, by="tests"
    )
    for clinic, ours in zip(clinics, (house.services[1], other), strict=True):
        priced(house, house.clinics[clinic], ours)
    found = proposed(house, "service")
    assert found["Echo serca"][0] == "Echo serca"
    assert ("Serca echo" in found) is both


# --- acceptance --------------------------------------------------------------------------------


def test_r14_nothing_is_linked_by_a_synchronisation_or_by_looking(house):
    house.synchronise()
    for kind in proposals.KINDS:
        assert proposals.overview(account=house.account, kind=kind).rows
    assert links_made(house) == 0


def test_one_proposal_is_accepted_and_who_did_it_is_kept(house):
    house.synchronise()
    link = proposals.accept_one(
        account=house.account, record=house.people[0], item_id=house.item("d1").pk, by="anna"
    )
    assert (link.made_by, link.item.external_id) == ("anna", "d1")
    assert AuditEntry.objects.filter(action="link.make", actor="anna").count() == 1


def test_an_acceptance_that_comes_too_late_changes_nothing(house):
    house.synchronise()
    house.link(house.people[0], "d2")
    with pytest.raises(links.LinkedMeanwhile) as late:
        proposals.accept_one(
            account=house.account, record=house.people[0], item_id=house.item("d1").pk, by="anna"
        )
    assert late.value.item.external_id == "d2"
    assert links.link_of(account=house.account, record=house.people[0]).item.external_id == "d2"


def test_all_above_a_score_are_accepted_at_once_and_the_others_wait(house):
    house.synchronise(
        [*RECORDS[:4], doctor("d1", "Gniewko Źrebiec"), doctor("d2", "Ćwikła Nowa Ż")]
    )
    done = proposals.accept_all(account=house.account, kind="practitioner", above=90, by="anna")
    assert [link.item.external_id for link in done.linked] == ["d1"]
    assert done.refused == []
    assert list(proposed(house, "practitioner")) == ["lek. Żaneta Ćwikła-Nowak"]


def test_what_is_refused_stands_beside_what_was_linked(house):
    """A12: links made one after the other check each other, as if made by hand."""
    house.synchronise([*RECORDS[:4], service("s2", "Echo serca")])
    other = catalogue.add_service(
        organisation=house.organisation, name="Serca echo", duration_minutes=20, by="tests"
    )
    listed = priced(house, house.clinic, house.services[1])
    catalogue.set_price(price_list=listed, service=other, amount_minor=100, by="tests")
    catalogue.use_price_list(price_list=listed, channel="znanylekarz", by="tests")
    made, refused = links.link_each(
        account=house.account,
        wanted=[(house.services[1], house.item("s2").pk), (other, house.item("s2").pk)],
        by="anna",
    )
    assert [link.service for link in made] == [house.services[1]]
    [(record, why)] = refused
    assert (record, why.other, why.clinic) == (other, house.services[1], house.clinic)


def test_everything_accepted_calendars_are_filled_once_for_all(house):
    """R20: the links are all that publishing waits for; what follows of them is done once."""
    house.synchronise()
    house.price_list()
    for kind in ("unit", "clinic", "practitioner"):
        proposals.accept_all(account=house.account, kind=kind, above=90, by="anna")
    shown = ListingSchedule.objects.filter(account=house.account)
    assert {row.schedule for row in shown} == set(house.schedules[:2])
    assert ListingDay.objects.values("listing").distinct().count() == 2
    asked = set(ListingDay.objects.values_list("asked", flat=True))
    done = proposals.accept_all(account=house.account, kind="service", above=90, by="anna")
    assert len(done.linked) == 2
    assert set(ListingDay.objects.values_list("asked", flat=True)) == {n + 1 for n in asked}


def test_a_table_as_large_as_a_hospitals_is_read_in_a_handful_of_queries(house):
    """200 persons beside 200, and 400 services beside 3000."""
    house.synchronise(
        [
            *RECORDS,
            *(doctor(f"x{n}", f"Osoba{n:03} Wymyślona{n * 7 % 200:03}") for n in range(200)),
            *(service(f"y{n}", f"Zabieg {n * 37:06} okolicy {n:04}") for n in range(3000)),
        ]
    )
    account = house.account
    for kind in ("practitioner", "service"):
        with CaptureQueriesContext(connection) as few:
            proposals.overview(account=account, kind=kind)
        if kind == "practitioner":
            Practitioner.objects.bulk_create(
                PractitionerFactory.build(
                    organisation=house.organisation,
                    given_name=f"Osoba{n:03}",
                    family_name=f"Wymyślona{n * 7 % 200:03}",
                    licence_number="",
                )
                for n in range(200)
            )
        else:
            Service.objects.bulk_create(
                Service(
                    organisation=house.organisation,
                    name=f"Zabieg {n * 37:06}, okolica {n:04}",
                    duration_minutes=10,
                )
                for n in range(400)
            )
        with CaptureQueriesContext(connection) as many:
            found = proposals.overview(account=account, kind=kind)
        assert len(many) == len(few) <= 5
        assert sum(row.is_proposed(60) for row in found.rows) >= 200


def test_the_items_of_another_account_are_not_seen(house):
    house.synchronise()
    other = House("Inna Lecznica")
    other.synchronise([*RECORDS[:4], doctor("d1", "Ktoś Inny")])
    assert CatalogueItem.objects.filter(account=other.account, kind="doctor").count() == 1
    assert proposed(other, "practitioner") == {}
