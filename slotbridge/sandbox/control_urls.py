from django.urls import path

from slotbridge.sandbox import control

urlpatterns = [
    path("health", control.health),
    path("seed", control.seed_facility),
    path("clients/<str:client_id>", control.change_client),
    path("clients/<str:client_id>/notifications", control.list_notifications),
    path("clients/<str:client_id>/calls", control.list_calls),
    path("clients/<str:client_id>/revoke", control.revoke_tokens),
    path("addresses/<int:address_id>/offers", control.list_offers),
    path("addresses/<int:address_id>/bookings", control.list_bookings),
    path("act", control.act),
    path("faults", control.change_faults),
    path("clock", control.change_clock),
    path("deliver", control.deliver),
    path("chores", control.do_chores),
]
