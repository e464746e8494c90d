"""Who may log in, and what stands in the way of those who guess."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connections, transaction

from slotbridge.portal import staff
from slotbridge.portal.models import Deed, LoginTry, StaffMember
from tests.portal.staffing import PASSWORD, make_member, make_operator

pytestmark = pytest.mark.django_db(databases=["portal"])
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


class Counting(MD5PasswordHasher):
    """Counts how often a password was hashed, which is what takes the time."""

    algorithm = "counting"
    runs = 0

    def encode(self, password, salt):
        Counting.runs += 1
        return super().encode(password, salt)


def log_in(login="anna", password=PASSWORD, address=HOME):
    return staff.log_in(login=login, password=password, address=address)


def guess(times, **how):
    for _n in range(times):
        with pytest.raises(staff.WrongLogin):
            log_in(**{"password": "wrong"} | how)


def test_a_member_logs_in_by_login_and_password_however_the_login_is_spelled(clinic):
    anna = make_member(clinic)

    assert log_in() == log_in(login=" ANNA ") == anna


@pytest.mark.parametrize(
    "how", [{"password": "wrong"}, {"login": "nobody"}, {"password": ""}, {"login": ""}]
)
def test_a_wrong_login_and_a_wrong_password_get_the_same_answer(clinic, how):
    make_member(clinic)

    with pytest.raises(staff.WrongLogin) as refused:
        log_in(**how)

    assert str(refused.value) == ""


def test_an_unknown_login_takes_as_many_hashes_as_a_wrong_password(clinic, settings):
    settings.PASSWORD_HASHERS = ["tests.portal.test_staff_members.Counting"]
    make_member(clinic)

    def hashes(**how):
        Counting.runs = 0
        guess(1, **how)
        return Counting.runs

    assert hashes(login="nobody") == hashes(password="wrong") == 1


def test_whoever_is_switched_off_cannot_log_in_until_switched_on(clinic):
    anna = make_member(clinic)

    staff.switch_member(member=anna, is_active=False, by="olga")
    with pytest.raises(staff.WrongLogin):
        log_in()

    staff.switch_member(member=anna, is_active=True, by="olga")
    assert log_in() == anna


def test_after_ten_wrong_passwords_even_the_right_one_has_to_wait(clinic, frozen):
    make_member(clinic)
    guess(staff.TRIES_OF_A_LOGIN)

    with pytest.raises(staff.TooManyTries) as refused:
        log_in(address=ELSEWHERE)

    assert refused.value.minutes == 15
    frozen.shift(staff.TRIES_WINDOW + timedelta(seconds=1))
    assert log_in().login == "anna"


def test_who_keeps_trying_does_not_make_the_wait_longer(clinic, frozen):
    make_member(clinic)
    guess(staff.TRIES_OF_A_LOGIN)

    for _n in range(10):
        frozen.shift(timedelta(minutes=1))
        with pytest.raises(staff.TooManyTries) as refused:
            log_in()

    assert refused.value.minutes == 5


def test_the_right_password_forgets_the_wrong_ones(clinic):
    make_member(clinic)

    for _round in range(3):
        guess(staff.TRIES_OF_A_LOGIN - 1)
        log_in()

    assert not LoginTry.objects.exists()


def test_one_address_cannot_try_many_logins(clinic):
    make_member(clinic)
    for number in range(staff.TRIES_OF_AN_ADDRESS):
        guess(1, login=f"guess{number}")

    with pytest.raises(staff.TooManyTries):
        log_in()
    assert log_in(address=ELSEWHERE).login == "anna"


def test_what_was_typed_into_the_field_of_the_login_is_not_kept(db_of_portal):
    guess(1, login="my secret password")

    assert "secret" not in str(LoginTry.objects.values())


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "at least 10"),
        ("1234567890", "attacker"),
        ("anna.sergeevna", "too much like"),
        ("password123", "attacker"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(clinic, password, why):
    with pytest.raises(staff.WeakPassword) as refused:
        make_member(clinic, password=password, email="anna.sergeevna@example.com")

    assert why in str(refused.value.reason)
    assert not StaffMember.objects.exists()


def test_a_login_exists_once_on_the_portal(clinic):
    make_member(clinic)

    with pytest.raises(staff.LoginTaken):
        make_operator("Anna")

    assert StaffMember.objects.get().clinic == clinic


def test_passwords_made_for_others_are_good_and_never_the_same(clinic):
    made = {staff.random_password() for _n in range(50)}

    assert len(made) == 50
    for number, password in enumerate(made):
        make_member(clinic, f"member{number}", password=password)


def test_every_change_of_access_stands_in_the_log_without_the_password(clinic):
    anna = make_member(clinic)
    staff.set_password(member=anna, password="nine loud geese", by="olga")
    staff.change_member(member=anna, name="Анна", email="", language="en", by="olga")
    staff.switch_member(member=anna, is_active=False, by="olga")

    deeds = Deed.objects.filter(action__startswith="member.").order_by("pk")
    assert list(deeds.values_list("action", "actor", "data")) == [
        ("member.add", "operator", {"login": "anna"}),
        ("member.password", "olga", {"login": "anna"}),
        ("member.change", "olga", {"login": "anna"}),
        ("member.off", "olga", {"login": "anna"}),
    ]


def test_the_last_operator_cannot_be_switched_off(db_of_portal):
    olga = make_operator()
    pavel = make_operator("pavel")

    staff.switch_member(member=pavel, is_active=False, by="olga")
    with pytest.raises(staff.LastOperator):
        staff.switch_member(member=olga, is_active=False, by="olga")

    assert log_in("olga") == olga


@pytest.mark.django_db(databases=["portal"], transaction=True)
@pytest.mark.parametrize("guarded", [False, True])
def test_two_operators_who_switch_each_other_off_leave_one(guarded, db_of_portal):
    """Without the lock each sees the other one active, and nobody is left."""
    olga, pavel = make_operator(), make_operator("pavel")
    looked, gone = threading.Barrier(2, timeout=5), []

    def unguarded(member):
        with transaction.atomic(using="portal"):
            others = StaffMember.objects.filter(clinic=None, is_active=True)
            assert others.exclude(pk=member.pk).exists()
            looked.wait()
            StaffMember.objects.filter(pk=member.pk).update(is_active=False)

    def switch(member):
        try:
            if guarded:
                looked.wait()
                staff.switch_member(member=member, is_active=False, by="somebody")
            else:
                unguarded(member)
            gone.append(member)
        except staff.LastOperator:
            pass
        finally:
            connections["portal"].close()

    threads = [threading.Thread(target=switch, args=[each]) for each in (olga, pavel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    left = StaffMember.objects.filter(is_active=True).count()
    assert (left, len(gone)) == ((1, 1) if guarded else (0, 2))
