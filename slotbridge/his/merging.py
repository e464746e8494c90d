"""Two records of one person become one, and two again if that was wrong."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from slotbridge.his import audit, locks, outbox, story
from slotbridge.his.models import Patient, PatientMerge, Visit
from slotbridge.his.records import COLUMNS, assign
from slotbridge.kit import clock

_ADDRESS = ("street", "post_code", "city")


class CannotMerge(Exception):
    """These two are not to be merged: one record twice, one of them merged or inactive already,
    or of another organisation.
    """


class LaterMerge(Exception):
    """A later merge stands on this one: undo that one first. Carries its key."""

    def __init__(self, merge_id: int) -> None:
        super().__init__(f"merge {merge_id}")
        self.merge_id = merge_id


@transaction.atomic
def merge(*, survivor: Patient, absorbed: Patient, by: str) -> PatientMerge:
    """All visits go to the survivor, whose empty columns are filled from the other record; that
    one stays, inactive, and leads to the survivor. Bookings under way come first.

    Raises CannotMerge.
    """
    survivor, absorbed = _both(survivor, absorbed)
    if not (survivor.is_active and absorbed.is_active):  # a merged one is not active
        raise CannotMerge(f"patients {survivor.pk}, {absorbed.pk}")
    filled = _fill(survivor, absorbed)
    survivor.save()
    visits = list(Visit.objects.filter(patient=absorbed).values_list("pk", flat=True))
    absorbed.merged_into = survivor
    absorbed.is_active = False
    absorbed.save()
    done = PatientMerge.objects.create(
        organisation_id=survivor.organisation_id,
        survivor=survivor,
        absorbed=absorbed,
        visits=sorted(visits),
        filled=filled,
        at=clock.now(),
        by=by,
    )
    _give(visits, absorbed, survivor, by, merge=done.pk)
    audit.record(
        organisation=survivor.organisation,
        actor=by,
        action="patient.merge",
        target=survivor,
        absorbed=absorbed.pk,
        merge=done.pk,
        columns=filled,
    )
    return done


@transaction.atomic
def undo_merge(*, merge: PatientMerge, by: str) -> PatientMerge:
    """Both records are as before. What was done since stays: visits that came to the survivor,
    columns that somebody changed. Undone already: nothing happens.

    Raises LaterMerge: merges of the same patient are undone in the order of last in, first out.
    """
    survivor, absorbed = _both(merge.survivor, merge.absorbed)
    merge = PatientMerge.objects.select_for_update(no_key=True).get(pk=merge.pk)
    if merge.undone_at is not None:
        return merge
    later = PatientMerge.objects.filter(
        Q(survivor=survivor) | Q(absorbed=survivor), undone_at=None, pk__gt=merge.pk
    )
    if (on_top := later.order_by("-pk").first()) is not None:
        raise LaterMerge(on_top.pk)
    still_filled = [
        name for name in merge.filled if getattr(survivor, name) == getattr(absorbed, name)
    ]
    assign(survivor, {name: _empty(name) for name in still_filled})
    survivor.save()
    absorbed.merged_into = None
    absorbed.is_active = True
    absorbed.save()
    _give(merge.visits, survivor, absorbed, by, undone=merge.pk)
    merge.undone_at = clock.now()
    merge.save(update_fields=["undone_at"])
    audit.record(
        organisation=survivor.organisation,
        actor=by,
        action="patient.undo-merge",
        target=survivor,
        absorbed=absorbed.pk,
        merge=merge.pk,
    )
    return merge


def _both(survivor: Patient, absorbed: Patient) -> tuple[Patient, Patient]:
    """Their present rows, locked, with no booking between."""
    pair = f"patients {survivor.pk}, {absorbed.pk}"
    if survivor.pk == absorbed.pk or survivor.organisation_id != absorbed.organisation_id:
        raise CannotMerge(pair)
    locks.merge_patients(survivor.organisation_id)
    rows = Patient.objects.filter(pk__in=[survivor.pk, absorbed.pk]).order_by("pk")
    by_key = {row.pk: row for row in rows.select_for_update(no_key=True)}
    return by_key[survivor.pk], by_key[absorbed.pk]


def _fill(survivor: Patient, absorbed: Patient) -> list[str]:
    """Fills what is empty; an address only whole, since half of each would be nobody's."""
    empty = {name for name in COLUMNS if not getattr(survivor, name)}
    if not empty.issuperset(_ADDRESS):
        empty -= set(_ADDRESS)
    filled = sorted(name for name in empty if getattr(absorbed, name))
    assign(survivor, {name: getattr(absorbed, name) for name in filled})
    return filled


def _empty(column: str) -> str | None:
    return None if column == "birth_date" else ""


def _give(visit_ids: Sequence[int], giver: Patient, taker: Patient, by: str, **why: int) -> None:
    """Those of the visits that are still the giver's."""
    visits = Visit.objects.filter(pk__in=visit_ids, patient=giver).order_by("pk")
    for visit in visits.select_for_update(no_key=True, of=("self",)):
        visit.patient = taker
        visit.save(update_fields=["patient"])
        story.tell(visit, "patient", by, was=giver.pk, now=taker.pk, **why)
        outbox.record_visit(visit)
