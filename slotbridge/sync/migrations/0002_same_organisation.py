"""Promise 9 for sync's tables, as in his; and a new message wakes the workers."""

from django.db import migrations

REFERENCES = {
    "sync_catalogueitem": {"account": "sync_account"},
    "sync_link": {
        "account": "sync_account",
        "unit": "his_unit",
        "clinic": "his_clinic",
        "practitioner": "his_practitioner",
        "service": "his_service",
    },
    "sync_listing": {"account": "sync_account", "practitioner": "his_practitioner"},
    "sync_listingschedule": {"account": "sync_account", "schedule": "his_schedule"},
    "sync_visittarget": {"account": "sync_account", "visit": "his_visit"},
    "sync_booking": {"account": "sync_account", "visit": "his_visit"},
    "sync_inboxmessage": {"account": "sync_account"},
    "sync_difference": {"account": "sync_account"},
}

WAKE = """
CREATE TRIGGER wake AFTER INSERT ON sync_inboxmessage
    FOR EACH STATEMENT EXECUTE FUNCTION his_wake();
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial"), ("his", "0004_append_only")]

    operations = [
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_same_organisation"
                f" FOREIGN KEY (organisation_id, {column}_id)"
                f" REFERENCES {target} (organisation_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_same_organisation",
            )
            for table, columns in REFERENCES.items()
            for column, target in columns.items()
        ],
        migrations.RunSQL(WAKE, "DROP TRIGGER wake ON sync_inboxmessage"),
    ]
