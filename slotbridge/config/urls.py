from django.urls import include, path

urlpatterns = [
    path("hooks/", include("slotbridge.api.urls")),
    path("", include("slotbridge.web.urls")),
]

handler403 = "slotbridge.web.views.session.forbidden"
handler500 = "slotbridge.web.views.session.broken"
handler404 = "slotbridge.web.views.session.not_found"
