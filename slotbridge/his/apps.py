from django.apps import AppConfig


class HisConfig(AppConfig):
    name = "slotbridge.his"
    label = "his"
    default_auto_field = "django.db.models.BigAutoField"
