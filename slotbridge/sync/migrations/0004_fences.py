"""The rest of promise 9: every foreign key between tenants' tables names the organisation."""

from django.db import migrations, models


REFERENCES = [
    ("sync_booking", "listing", "sync_listing"),
    ("sync_booking", "replaced_by", "sync_booking"),
    ("sync_difference", "listing", "sync_listing"),
    ("sync_link", "item", "sync_catalogueitem"),
    ("sync_listingday", "listing", "sync_listing"),
    ("sync_listingschedule", "listing", "sync_listing"),
    ("sync_visittarget", "told_listing", "sync_listing"),
    ("sync_visittarget", "tried_listing", "sync_listing"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('his', '0006_fences'),
        ('sync', '0003_call_patient'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='booking_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='catalogueitem',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='catalogue_item_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='listing_of_organisation'),
        ),
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_same_organisation"
                f" FOREIGN KEY (organisation_id, {column}_id)"
                f" REFERENCES {target} (organisation_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_same_organisation",
            )
            for table, column, target in REFERENCES
        ],
    ]
