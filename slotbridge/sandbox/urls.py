"""Everything the sandbox serves: the portal's API, its pages, and the control API."""

from django.urls import include, path

from slotbridge.sandbox.api import dispatch, oauth, published

urlpatterns = [
    path("oauth/v2/token", oauth.token),
    path("public/docs/public-ips.json", published.as_json),
    path("public/docs/public-ips.txt", published.as_text),
    *dispatch.urlpatterns(),
    path("_sandbox/", include("slotbridge.sandbox.control_urls")),
    path("", include("slotbridge.sandbox.pages.urls")),
]
