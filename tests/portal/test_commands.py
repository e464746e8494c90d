"""What the terminal of the portal's machine asks of the portal; tests/cli runs the programs."""

import io

import pytest

from slotbridge.portal import commands, keys, staff
from slotbridge.portal.models import Clinic, Resource, StaffMember
from slotbridge.wire.medihost.problems import DocumentRefused
from slotbridge.wire.medihost.result import Outcome
from tests.portal.conftest import KEY, SAMPLES

pytestmark = pytest.mark.django_db(databases=["portal"], transaction=True)


def test_the_first_operator_is_missed_until_there_is_one():
    assert not commands.has_operator()
    commands.add_operator(login="Olga", name="Ольга", password="ключ-от-склада-7")
    assert commands.has_operator()
    assert staff.log_in(login="olga", password="ключ-от-склада-7", address="127.0.0.1").is_operator


def test_an_operator_who_is_switched_off_runs_nothing():
    commands.add_operator(login="olga", name="Ольга", password=None)
    StaffMember.objects.update(is_active=False)
    assert not commands.has_operator()


def test_a_password_that_was_made_up_opens_the_door():
    password = commands.add_operator(login="olga", name="Ольга", password=None)
    assert staff.log_in(login="olga", password=password, address="127.0.0.1").login == "olga"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"login": " "}, "An operator needs a login."),
        ({"login": "anna"}, "Somebody has this login"),
        ({"password": "short"}, "at least 10 characters"),
    ],
)
def test_an_operator_who_cannot_be_added_is_said_in_a_sentence(settings, given, sentence):
    settings.LANGUAGE_CODE = "en"
    commands.add_operator(login="anna", name="Анна", password=None)
    wanted = {"login": "olga", "name": "Ольга", "password": None} | given
    with pytest.raises(commands.Unwilling, match=sentence):
        commands.add_operator(**wanted)
    assert StaffMember.objects.count() == 1


def test_a_clinic_comes_with_a_key_that_opens_it():
    key = commands.add_clinic(name=" Клиника ", time_zone="Asia/Omsk", language="en")
    clinic = Clinic.objects.get()
    assert (clinic.name, clinic.time_zone, clinic.language) == ("Клиника", "Asia/Omsk", "en")
    assert keys.find(key).clinic == clinic


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": " "}, "A clinic needs a name"),
        ({"name": "К" * 251}, "at most 250 characters"),
        ({"time_zone": "Moscow"}, "the name of a time zone"),
        ({"language": "fr"}, "The portal speaks ru and en."),
    ],
)
def test_a_clinic_that_cannot_be_added_is_said_in_a_sentence(given, sentence):
    wanted = {"name": "Клиника", "time_zone": "Europe/Moscow", "language": "ru"} | given
    with pytest.raises(commands.Unwilling, match=sentence):
        commands.add_clinic(**wanted)
    assert not Clinic.objects.exists()


def test_an_import_is_explained_for_the_clinic_whose_key_it_bears(clinic):
    document = (SAMPLES / "tolerated" / "sections-reversed.xml").read_bytes()
    explained = commands.explain_file(io.BytesIO(document))
    assert explained.outcome is Outcome.OK
    assert sum(section.added for section in explained.sections)
    assert not Resource.objects.exists()


def test_the_limits_of_the_clinic_hold_for_an_explanation_too(clinic):
    clinic.most_elements = 5
    clinic.save()
    with pytest.raises(DocumentRefused) as refused:
        commands.explain_file(io.BytesIO((SAMPLES / "mis-export.xml").read_bytes()))
    assert refused.value.problem.code == "E_TOO_LARGE"


@pytest.mark.parametrize(("key", "code"), [("", "E_KEY_MISSING"), (KEY[::-1], "E_KEY")])
def test_a_document_of_nobody_is_explained_as_refused(clinic, key, code):
    with pytest.raises(DocumentRefused) as refused:
        commands.explain_file(io.BytesIO(f'<MediExchange ClientKey="{key}"/>'.encode()))
    assert refused.value.problem.code == code
