"""Everything the sandbox serves: the portal's API, its pages, and the control API."""

from django.urls import include, path

from slotbridge.sandbox.api import dispatch, oauth

urlpatterns = [
    path("oauth/v2/token", oauth.token),
    *dispatch.urlpatterns(),
    path("_sandbox/", include("slotbridge.sandbox.control_urls")),
    path("", include("slotbridge.sandbox.pages.urls")),
]
