from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "slotbridge.portal"
    default_auto_field = "django.db.models.BigAutoField"
