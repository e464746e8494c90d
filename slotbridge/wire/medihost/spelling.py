"""How the document's sample spells things (sections 4 and 5), for the writer and the reader.

Attributes stand in the sample's order, which is the order in which they are written.
"""

from __future__ import annotations

from slotbridge.wire.medihost.model import Section

ROOT = "MediExchange"
CLIENT_KEY = "ClientKey"
SYNC_MODE = "SyncMode"
RULE = "time_rules"
ROW_OF = {
    Section.GROUPS: "rg",
    Section.RESOURCES: "r",
    Section.SCHEDULES: "s",
    Section.APPOINTMENTS: "a",
    Section.ORDERS: "o",
}

# The model's field -> the attribute's name.
GROUP = {"id": "id", "name": "name", "pos": "pos"}
RESOURCE = {
    "id": "id",
    "name": "name",
    "time_step": "time_step",
    "group_id": "group_id",
    "pos": "pos",
}
WORKING = {"id": "id", "day": "date", "resource_id": "resource_id"}
RULES = {
    "start": "w_startTime",
    "end": "w_endTime",
    "break_start": "b_startTime",
    "break_end": "b_endTime",
}
APPOINTMENT = {
    "tablename": "tablename",
    "id": "id",
    "resource_id": "resource_id",
    "start": "ReceptionDateTime",
    "duration": "Duration",
    "title": "Title",
}
ORDER = {
    "id": "ID",
    "status": "Status",
    "user_id": "user_id",
    "user_name": "user_name",
    "order_date": "order_date",
    "mis_resource_id": "MW_Resource_ID",
    "resource_name": "Resource_Name",
    "resource_id": "Resource_ID",
    "start": "Reception_Datetime",
    "duration": "Duration",
    "type": "Type",
    "name1": "Name1",
    "name2": "Name2",
    "name3": "Name3",
    "aim": "Aim",
    "phone": "Phone",
    "city": "City",
    "address": "Address",
    "email": "Email",
    "comment": "Comment",
    "changed_on": "LastChangedOn",
}
# The attribute lists' other names (section 5, rows 1 to 4); all else differs in case only.
ALIASES = {
    "w_startTime": "w_start",
    "w_endTime": "w_end",
    "b_startTime": "b_start",
    "b_endTime": "b_end",
}
