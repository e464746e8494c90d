"""Pages for people. Every address that names a row names it by 128 random bits."""

from django.urls import path, re_path

from slotbridge.portal.pages import base, patient

urlpatterns = [
    path("style.css", base.style, name="portal-style"),
    path("", patient.clinics, name="portal-home"),
    path("clinics/<uuid:public_id>/", patient.clinic, name="portal-clinic"),
    re_path("", base.missing),
]
