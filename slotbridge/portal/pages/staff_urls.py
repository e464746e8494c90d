"""Pages of the clinics' staff and of the operators."""

from django.urls import path

from slotbridge.portal.pages import (
    operator,
    operator_clinics,
    operator_members,
    staff_day,
    staff_entry,
    staff_home,
    staff_imports,
    staff_look,
    staff_members,
    staff_orders,
    staff_resources,
)

CLINIC = "staff/<uuid:clinic>"
MANAGED = "operator/clinics/<uuid:clinic>"

urlpatterns = [
    path("staff.css", staff_look.style, name="portal-staff-style"),
    path("staff/", staff_entry.start, name="portal-staff"),
    path("staff/login/", staff_entry.log_in, name="portal-log-in"),
    path("staff/logout/", staff_entry.log_out, name="portal-log-out"),
    path("staff/password/", staff_entry.password, name="portal-password"),
    path("staff/orders/", staff_entry.orders, name="portal-my-orders"),
    path("staff/orders/<uuid:token>/", staff_entry.order, name="portal-my-order"),
    path(f"{CLINIC}/", staff_home.home, name="portal-dashboard"),
    path(
        f"{CLINIC}/withheld/<uuid:deletion>/release/",
        staff_home.release,
        name="portal-staff-release",
    ),
    path(f"{CLINIC}/orders/", staff_orders.orders, name="portal-staff-orders"),
    path(f"{CLINIC}/orders/<uuid:token>/", staff_orders.order, name="portal-staff-order"),
    path(f"{CLINIC}/day/", staff_day.day, name="portal-staff-day"),
    path(f"{CLINIC}/imports/", staff_imports.imports, name="portal-staff-imports"),
    path(f"{CLINIC}/imports/<uuid:document>/", staff_imports.document, name="portal-staff-import"),
    path(
        f"{CLINIC}/imports/<uuid:document>/text/",
        staff_imports.text,
        name="portal-staff-document",
    ),
    path(
        f"{CLINIC}/imports/<uuid:document>/file/",
        staff_imports.download,
        name="portal-staff-download",
    ),
    path(f"{CLINIC}/resources/", staff_resources.resources, name="portal-staff-resources"),
    path(f"{CLINIC}/resources/add/", staff_resources.add, name="portal-staff-resource-add"),
    path(
        f"{CLINIC}/resources/<uuid:resource>/",
        staff_resources.resource,
        name="portal-staff-resource",
    ),
    path(
        f"{CLINIC}/resources/<uuid:resource>/hours/",
        staff_resources.hours,
        name="portal-staff-resource-hours",
    ),
    path(
        f"{CLINIC}/resources/<uuid:resource>/hide/",
        staff_resources.hide,
        name="portal-staff-resource-hide",
    ),
    path(f"{CLINIC}/people/", staff_members.members, name="portal-staff-members"),
    path("operator/", operator.clinics, name="portal-operator"),
    path("operator/imports/", operator.imports, name="portal-operator-imports"),
    path("operator/withheld/", operator.withheld, name="portal-operator-withheld"),
    path("operator/log/", operator.log, name="portal-operator-log"),
    path("operator/operators/", operator_members.operators, name="portal-operators"),
    path("operator/operators/add/", operator_members.add, name="portal-operator-add"),
    path("operator/people/<uuid:person>/", operator_members.edit, name="portal-operator-member"),
    path(
        "operator/people/<uuid:person>/switch/",
        operator_members.switch,
        name="portal-operator-member-switch",
    ),
    path(
        "operator/people/<uuid:person>/password/",
        operator_members.reset,
        name="portal-operator-member-password",
    ),
    path("operator/clinics/add/", operator_clinics.add, name="portal-operator-clinic-add"),
    path(f"{MANAGED}/", operator_clinics.clinic, name="portal-operator-clinic"),
    path(f"{MANAGED}/edit/", operator_clinics.edit, name="portal-operator-clinic-edit"),
    path(f"{MANAGED}/keys/issue/", operator_clinics.issue, name="portal-operator-key-issue"),
    path(
        f"{MANAGED}/keys/<int:place>/revoke/",
        operator_clinics.revoke,
        name="portal-operator-key-revoke",
    ),
    path(f"{MANAGED}/people/add/", operator_members.add, name="portal-operator-member-add"),
]
