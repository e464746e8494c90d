"""The rest of promise 9: every foreign key between tenants' tables names the organisation."""

from django.db import migrations, models


REFERENCES = [
    ("his_offeredprice", "price", "his_price"),
    ("his_offeredprice", "service", "his_service"),
    ("his_offeredprice", "use", "his_pricelistuse"),
    ("his_pricelistuse", "clinic", "his_clinic"),
    ("his_slot", "template_version", "his_templateversion"),
    ("his_templateperiod", "room", "his_room"),
    ("his_templateperiod", "version", "his_templateversion"),
    ("his_templateversion", "template", "his_weeklytemplate"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('his', '0005_ended_hold'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='price',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='price_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='pricelistuse',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='price_list_use_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='templateversion',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='template_version_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='weeklytemplate',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='template_of_organisation'),
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
