"""Promise 9 in the database: a row can only point to rows of its own organisation.

Each foreign key between tenants' tables gets a second one whose first column is the organisation.
"""

from django.db import migrations

REFERENCES = {
    "his_clinic": {"unit": "his_unit"},
    "his_room": {"unit": "his_unit"},
    "his_device": {"unit": "his_unit"},
    "his_user": {"practitioner": "his_practitioner"},
    "his_pricelist": {"clinic": "his_clinic"},
    "his_price": {"price_list": "his_pricelist", "service": "his_service"},
    "his_pricelistuse": {"price_list": "his_pricelist"},
    "his_schedule": {
        "clinic": "his_clinic",
        "practitioner": "his_practitioner",
        "room": "his_room",
        "device": "his_device",
    },
    "his_weeklytemplate": {"schedule": "his_schedule"},
    "his_slot": {
        "schedule": "his_schedule",
        "practitioner": "his_practitioner",
        "room": "his_room",
        "device": "his_device",
    },
    "his_absence": {
        "clinic": "his_clinic",
        "practitioner": "his_practitioner",
        "room": "his_room",
        "device": "his_device",
    },
    "his_patient": {"merged_into": "his_patient"},
    "his_patientcandidate": {"patient": "his_patient", "candidate": "his_patient"},
    "his_patientmerge": {"survivor": "his_patient", "absorbed": "his_patient"},
    "his_consent": {"patient": "his_patient"},
    "his_visit": {
        "schedule": "his_schedule",
        "clinic": "his_clinic",
        "slot": "his_slot",
        "practitioner": "his_practitioner",
        "room": "his_room",
        "device": "his_device",
        "service": "his_service",
        "patient": "his_patient",
    },
    "his_visitevent": {"visit": "his_visit"},
    "his_outboxentry": {"schedule": "his_schedule", "visit": "his_visit"},
}


def statements():
    for table, columns in REFERENCES.items():
        for column, target in columns.items():
            name = f"{table}_{column}_same_organisation"
            yield (
                f"ALTER TABLE {table} ADD CONSTRAINT {name}"
                f" FOREIGN KEY (organisation_id, {column}_id)"
                f" REFERENCES {target} (organisation_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {name}",
            )


class Migration(migrations.Migration):
    dependencies = [("his", "0001_initial")]

    operations = [migrations.RunSQL(forward, back) for forward, back in statements()]
