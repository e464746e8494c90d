"""What people do at the desk of the clinic."""

from contextlib import suppress

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from slotbridge.his import slots, visits
from slotbridge.his.models import Visit
from tests.both_portals import BothPortals
from tests.factories import PatientFactory
from tests.sync.machine_ground import ANSWERS, chosen, pick, which
from tests.world import CHANNEL


class AtTheDesk:
    @rule(number=pick, answer=ANSWERS)
    def receptionist_plans(self, number, answer):
        self.answers(answer, "bookSlot", "addCalendarBreak")
        slot = chosen(self.slots(), number)
        with suppress(visits.SlotTaken, visits.NoSlot):
            visit = self.world.plan(slot, PatientFactory(organisation=self.world.organisation))
            note(f"planned {visit} at {visit.start}")

    @rule(number=pick, to=pick, answer=ANSWERS)
    def receptionist_moves(self, number, to, answer):
        self.answers(answer, "moveBooking", "deleteCalendarBreak")
        visit, slot = chosen(self.live_visits(), number), chosen(self.slots(), to)
        if visit is not None:
            self.move(visit, slot)

    @rule(number=pick, who=which, days=st.integers(1, 2), answer=ANSWERS)
    def receptionist_opens_a_slot_and_moves_there(self, number, who, days, answer):
        """In one second: the portal hears of both together."""
        self.answers(answer, "moveBooking", "replaceSlots")
        schedule, visit = self.world.schedules[who], chosen(self.live_visits(), number)
        with suppress(slots.SlotOverlaps):
            [slot] = self.world.open(days=days, wall="13:00", count=1, schedule=schedule)
            if visit is not None:
                self.move(visit, slot)

    def move(self, visit, slot):
        with suppress(visits.SlotTaken, visits.NoSlot, visits.VisitOver):
            visits.move_visit(
                visit=visit,
                schedule=slot.schedule,
                start=slot.start,
                end=slot.end,
                by="reception",
            )
            note(f"moved {visit} to {slot.start} of schedule {slot.schedule_id}")

    @rule(number=pick, answer=ANSWERS)
    def receptionist_cancels(self, number, answer):
        self.answers(answer, "cancelBooking", "deleteCalendarBreak")
        visit = chosen(self.live_visits(), number)
        if visit is not None:
            visits.cancel_visit(visit=visit, reason="", by="reception")
            note(f"cancelled {visit}")

    @rule(number=pick, answer=ANSWERS)
    def patient_confirms_by_phone(self, number, answer):
        self.answers(answer, "confirmBooking")
        visit = chosen(self.live_visits(), number)
        if visit is not None:
            visits.confirm_visit(visit=visit, by="reception")
            note(f"confirmed {visit}")

    @rule(
        number=pick,
        mark=st.sampled_from([visits.mark_arrived, visits.mark_fulfilled, visits.mark_noshow]),
        answer=ANSWERS,
    )
    def receptionist_notes_who_came(self, number, mark, answer):
        self.answers(answer, "markPatientPresence", "markPatientAbsence")
        visit = chosen(self.begun_visits(), number)
        if visit is not None:
            with suppress(visits.VisitOver):
                mark(visit=visit, by="reception")
                note(f"{mark.__name__} {visit}")

    @rule(number=pick, visible=st.booleans())
    def receptionist_ticks(self, number, visible):
        slot = chosen(self.slots(), number)
        change = slots.publish_slots if visible else slots.withdraw_slots
        change(schedule=slot.schedule, slot_ids=[slot.pk], channel=CHANNEL, by="reception")

    # --- the other portal's orders ---

    @precondition(lambda self: isinstance(self.world, BothPortals))
    @rule(number=pick)
    def somebody_orders_on_the_other_portal(self, number):
        start = chosen(self.world.medihost_shows(), number)
        if start is not None:
            self.world.patient_orders(start)
            note(f"ordered {start} on the other portal")

    @precondition(lambda self: isinstance(self.world, BothPortals))
    @rule(number=pick, is_accepted=st.booleans())
    def receptionist_answers_an_order(self, number, is_accepted):
        asked = Visit.objects.filter(status="proposed", origin_channel="medihost")
        visit = chosen(list(asked.filter(clash="").order_by("pk")), number)
        if visit is None:
            return
        with suppress(visits.VisitOver, visits.SlotTaken):
            if is_accepted:
                visits.accept_visit(visit=visit, by="reception")
            else:
                visits.cancel_visit(visit=visit, reason="", by="reception")
