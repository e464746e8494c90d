from django.urls import include, path

urlpatterns = [
    path("hooks/", include("slotbridge.api.urls")),
    path("", include("slotbridge.web.urls")),
]

handler403 = "slotbridge.web.views.session.forbidden"
handler404 = "slotbridge.web.views.session.not_found"
