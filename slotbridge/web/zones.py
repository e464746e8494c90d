from zoneinfo import ZoneInfo

from slotbridge.his.models import Organisation, Unit

DEFAULT = ZoneInfo("Europe/Warsaw")


def house_zone(organisation: Organisation) -> ZoneInfo:
    """The zone for what belongs to no unit, such as a portal's state: that of the oldest unit."""
    unit = Unit.objects.filter(organisation=organisation).order_by("-is_active", "pk").first()
    return unit.tz if unit else DEFAULT
