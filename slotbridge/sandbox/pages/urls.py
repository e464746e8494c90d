from django.urls import path, re_path

from slotbridge.sandbox.pages import adviser, base, desk, patient

urlpatterns = [
    path("", patient.home, name="sandbox-home"),
    path("style.css", base.style, name="sandbox-style"),
    path("doctors", patient.doctors, name="sandbox-doctors"),
    path("doctors/<uuid:key>", patient.doctor, name="sandbox-doctor"),
    path("book/<uuid:key>", patient.book, name="sandbox-book"),
    path("visits/<uuid:key>", patient.visit, name="sandbox-visit"),
    path("visits/<uuid:key>/move", patient.move, name="sandbox-visit-move"),
    path("visits/<uuid:key>/cancel", patient.cancel, name="sandbox-visit-cancel"),
    path("visits/<uuid:key>/confirm", patient.confirm, name="sandbox-visit-confirm"),
    path("visits/<uuid:key>/pay", patient.pay, name="sandbox-visit-pay"),
    path("desk", desk.doctors, name="sandbox-desk"),
    path("desk/<uuid:key>", desk.week, name="sandbox-week"),
    path("desk/<uuid:key>/book", desk.book, name="sandbox-desk-book"),
    path("desk/<uuid:key>/break", desk.add_break, name="sandbox-add-break"),
    path("desk/<uuid:key>/breaks/<int:number>", desk.remove_break, name="sandbox-remove-break"),
    path("desk/<uuid:key>/calendar", desk.switch_calendar, name="sandbox-switch"),
    path("desk/<uuid:key>/services", desk.services, name="sandbox-services"),
    path("desk/visits/<uuid:key>", desk.visit, name="sandbox-desk-visit"),
    path("adviser", adviser.facilities, name="sandbox-adviser"),
    path("adviser/new", adviser.register, name="sandbox-register"),
    path("adviser/facilities/<uuid:key>", adviser.facility, name="sandbox-facility"),
    path("adviser/addresses/<uuid:key>", adviser.address, name="sandbox-address"),
    path("adviser/clients/<uuid:key>", adviser.client, name="sandbox-client"),
    re_path("", base.missing),
]
