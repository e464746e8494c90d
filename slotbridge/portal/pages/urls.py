"""Pages for people. Every address that names a row names it by 128 random bits."""

from django.urls import include, path, re_path

from slotbridge.portal.pages import base, booking, patient, patient_order

urlpatterns = [
    path("style.css", base.style, name="portal-style"),
    path("", patient.clinics, name="portal-home"),
    path("clinics/<uuid:public_id>/", patient.clinic, name="portal-clinic"),
    path("", include("slotbridge.portal.pages.staff_urls")),
    path("resources/<uuid:public_id>/", patient.resource, name="portal-resource"),
    path("resources/<uuid:public_id>/hold/", booking.hold, name="portal-hold"),
    path("resources/<uuid:public_id>/order/", booking.order_form, name="portal-order-form"),
    path("orders/<uuid:token>/", patient_order.order, name="portal-order"),
    path("orders/<uuid:token>/withdraw/", patient_order.withdraw, name="portal-order-withdraw"),
    path(
        "orders/<uuid:token>/appointment.ics",
        patient_order.calendar,
        name="portal-order-calendar",
    ),
    re_path("", base.missing),
]
