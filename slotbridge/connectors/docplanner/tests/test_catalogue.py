"""The portal's catalogue in our records.

getFacilities, getDoctors, getDoctor, getAddresses, getServices, getAddressServices.
"""

import pytest

from slotbridge.sync.contract import CatalogueRecord, ItemKind, Refused, TryLater


def address(id_, street="ul. Dębowa 1", **more):
    return {
        "id": id_,
        "name": "Przychodnia Dębowa",
        "street": street,
        "post_code": "00-001",
        "city_name": "Warszawa",
        "is_online_only": False,
        "commercial_type": "premium",
        "booking_extra_fields": {"gender": False, "nin": True, "birth_date": True},
    } | more


def items(*records):
    return {"_items": list(records)}


def collection(portal, *records):
    portal.will(json=items(*records))


def test_everything_the_account_may_see_parents_before_children(portal, connector):
    collection(portal, {"id": "s1", "name": "konsultacja"})
    collection(portal, {"id": 1, "name": "Przychodnia Dębowa"})
    doctor = {"id": "d1", "name": "Zofia", "surname": "Wzorcowa"}
    special = items({"id": "5", "name": "kardiolog"}, {"id": "6", "name": "internista"})
    numbers = items({"id": "1", "license_number": "1234567"})
    collection(portal, doctor | {"specializations": special, "license_numbers": numbers})
    insured = {"insurance_support": "private_and_insurance", "visit_payment": True}
    collection(portal, address("a1", **insured))
    service = {"id": "as1", "name": "Konsultacja", "service_id": "s1", "price": 150}
    service |= {"is_visible": True, "is_price_from": True, "is_default": True}
    ages = {"minimum_age": 18, "maximum_age": None}
    flow = {"is_public_insurance_flow": True, "custom_name": "U kardiologa"}
    collection(portal, service | flow | {"allowed_patients": ages})
    found = list(connector.read_catalogue())
    place = found[3]
    assert found == [
        CatalogueRecord(ItemKind.SERVICE, "s1", "konsultacja"),
        CatalogueRecord(ItemKind.FACILITY, "1", "Przychodnia Dębowa"),
        CatalogueRecord(
            ItemKind.DOCTOR,
            "d1",
            "Zofia Wzorcowa",
            facility="1",
            data={"licence_numbers": ["1234567"], "detail": "kardiolog, internista"},
        ),
        CatalogueRecord(
            ItemKind.PLACE,
            place.id,
            "Przychodnia Dębowa, ul. Dębowa 1, 00-001 Warszawa",
            facility="1",
        ),
        CatalogueRecord(
            ItemKind.ADDRESS,
            "a1",
            "Przychodnia Dębowa, ul. Dębowa 1, 00-001 Warszawa",
            facility="1",
            doctor="d1",
            place=place.id,
            data={
                "is_online_only": False,
                "visit_payment": True,
                "commercial_type": "premium",
                "insurance_support": "private_and_insurance",
                "booking_extra_fields": ["birth_date", "nin"],
            },
        ),
        CatalogueRecord(
            ItemKind.ADDRESS_SERVICE,
            "as1",
            "Konsultacja",
            facility="1",
            doctor="d1",
            address="a1",
            service="s1",
            data={
                "price_minor": 15000,
                "is_price_from": True,
                "is_visible": True,
                "custom_name": "U kardiologa",
                "min_age": 18,
                "max_age": None,
                "is_default": True,
                "is_public_insurance": True,
            },
        ),
    ]


def test_addresses_of_several_doctors_in_one_house_are_one_place(portal, connector):
    collection(portal)
    collection(portal, {"id": "1", "name": "Przychodnia"})
    collection(portal, {"id": "d1", "name": "Zofia"}, {"id": "d2", "name": "Jan"})
    collection(portal, address("a1"))
    collection(portal)
    elsewhere = address("a3", "ul. Lipowa 2")
    collection(portal, address("a2", " UL.  dębowa 1"), elsewhere)
    collection(portal)
    collection(portal)
    found = list(connector.read_catalogue())
    kinds = [record.kind for record in found if record.kind is ItemKind.PLACE]
    places = {record.id: record.place for record in found if record.kind is ItemKind.ADDRESS}
    assert len(kinds) == 2
    assert places["a1"] == places["a2"] != places["a3"]


def test_an_address_may_have_no_words_at_all(portal, connector):
    collection(portal)
    collection(portal, {"id": "1"})
    collection(portal, {"id": "d1", "name": None, "surname": None})
    nameless = dict.fromkeys(("name", "street", "post_code", "city_name"))
    told = {"is_online_only": True, "commercial_type": "new", "booking_extra_fields": {}}
    collection(portal, nameless | told | {"id": "a1", "unheard": {"of": 1}})
    collection(portal, {"id": "as1", "name": "USG", "price": None, "service_id": None})
    found = {record.kind: record for record in connector.read_catalogue()}
    assert found[ItemKind.FACILITY].name == "1"
    assert found[ItemKind.DOCTOR].name == "d1"
    assert found[ItemKind.ADDRESS].name == found[ItemKind.PLACE].id
    assert found[ItemKind.ADDRESS_SERVICE].service == ""
    assert found[ItemKind.ADDRESS_SERVICE].data["price_minor"] is None
    assert all(len(record.id) <= 100 and len(record.name) <= 300 for record in found.values())


def test_what_vanishes_while_we_read_is_left_out(portal, connector):
    collection(portal)
    collection(portal, {"id": "1", "name": "Przychodnia"}, {"name": "without an id"})
    collection(portal, {"id": "d1", "name": "Zofia"}, {"id": "d2", "name": "Jan"})
    portal.will_say(404, "Object not found")
    collection(portal)
    assert [record.id for record in connector.read_catalogue()] == ["1", "d1", "d2"]


@pytest.mark.parametrize(("status", "error"), [(403, Refused), (503, TryLater)])
def test_half_a_catalogue_is_none(portal, connector, status, error):
    collection(portal)
    collection(portal, {"id": "1", "name": "Przychodnia"})
    portal.will_say(status, "You are not authorized to see this facility")
    with pytest.raises(error):
        list(connector.read_catalogue())


@pytest.mark.parametrize("spelling", ["specialization", "specializations"])
def test_both_spellings_of_a_doctors_specialities_are_read(portal, connector, spelling):
    collection(portal)
    collection(portal, {"id": "1"})
    collection(portal, {"id": "d1", "name": "Zofia", spelling: items({"name": "kardiolog"})})
    collection(portal)
    doctor = [each for each in connector.read_catalogue() if each.kind is ItemKind.DOCTOR]
    assert doctor[0].data == {"licence_numbers": [], "detail": "kardiolog"}


def test_what_an_address_demands_of_patients_is_asked_of_the_doctor_where_the_list_is_silent(
    portal, connector
):
    collection(portal)
    collection(portal, {"id": "1"})
    collection(portal, {"id": "d1", "name": "Zofia"})
    silent = address("a1")
    del silent["booking_extra_fields"]
    collection(portal, silent)
    portal.will(json={"id": "d1", "addresses": items(address("a1"))})
    collection(portal)
    [found] = [each for each in connector.read_catalogue() if each.kind is ItemKind.ADDRESS]
    assert found.data["booking_extra_fields"] == ["birth_date", "nin"]
    assert portal.operations[-2:] == ["getDoctor", "getAddressServices"]


def test_no_facilities_are_a_good_answer(portal, connector):
    collection(portal)
    connector.check()
