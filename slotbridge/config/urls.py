from django.urls import include, path

urlpatterns = [
    path("hooks/", include("slotbridge.api.urls")),
    path("", include("slotbridge.web.urls")),
]
