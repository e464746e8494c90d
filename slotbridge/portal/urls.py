"""Everything the portal serves: the exchange with clinics, and pages for people."""

from django.urls import include, path

urlpatterns = [
    path("", include("slotbridge.portal.pages.urls")),
]
