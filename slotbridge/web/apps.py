from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "slotbridge.web"
    label = "web"
