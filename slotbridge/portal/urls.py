"""Everything the portal serves: the exchange with clinics, and pages for people."""

from django.urls import include, path

from slotbridge.portal import exchange

handler500 = "slotbridge.portal.pages.base.broken"

urlpatterns = [
    path("services/import.php", exchange.import_php),
    path("services/import", exchange.import_php),
    path("services/export.php", exchange.export_php),
    path("services/export", exchange.export_php),
    path("", include("slotbridge.portal.pages.urls")),
]
