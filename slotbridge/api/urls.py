from django.urls import path

from slotbridge.api import hooks

urlpatterns = [path("<str:token>", hooks.receive, name="hook")]
