
import django.contrib.postgres.fields
import django.db.models.deletion
import slotbridge.sandbox.models.access
import slotbridge.sandbox.models.directory
from django.db import migrations, models

NFZ = 13  # the same id everywhere on the portal


def lay_nfz(apps, schema_editor):
    """The public insurer is there before anything else: calendars name it by its id."""
    providers = apps.get_model("sandbox", "InsuranceProvider").objects
    providers.using(schema_editor.connection.alias).create(pk=NFZ, name="NFZ")


# A stored period now says which insurers it is for; those there already are for everybody.
EVERYBODY = """'["with-and-without-insurance", []]'::jsonb"""
WIDEN_DAYS = f"""
UPDATE sandbox_calendarday SET periods = (
    SELECT coalesce(jsonb_agg(period || {EVERYBODY} ORDER BY place), '[]')
    FROM jsonb_array_elements(periods) WITH ORDINALITY AS each(period, place)
)
"""
WIDEN_REQUESTS = f"""
UPDATE sandbox_slotrequest SET days = (
    SELECT coalesce(jsonb_object_agg(day, (
        SELECT coalesce(jsonb_agg(period || {EVERYBODY} ORDER BY place), '[]')
        FROM jsonb_array_elements(periods) WITH ORDINALITY AS each(period, place)
    )), '{{}}')
    FROM jsonb_each(days) AS named(day, periods)
)
WHERE finished_at IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sandbox', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='InsurancePlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='InsuranceProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, unique=True)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.AddField(
            model_name='address',
            name='extra_fields',
            field=models.JSONField(default=slotbridge.sandbox.models.directory.no_extra_fields),
        ),
        migrations.AddField(
            model_name='address',
            name='integration_ends_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='address',
            name='payment_account',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='address',
            name='takes_payment',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='booking',
            name='confirmed_by',
            field=models.CharField(blank=True, max_length=5),
        ),
        migrations.AddField(
            model_name='booking',
            name='is_confirmed',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='booking',
            name='is_recurring',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='booking',
            name='payment_due_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='booking',
            name='payment_status',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='booking',
            name='presence',
            field=models.CharField(blank=True, choices=[('', 'Unknown'), ('present', 'Present'), ('absent', 'Absent')], default='', max_length=7),
        ),
        migrations.AddField(
            model_name='client',
            name='alerted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='client',
            name='is_pms',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='client',
            name='opted_in',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=slotbridge.sandbox.models.access.optional_events, size=None),
        ),
        migrations.AddField(
            model_name='client',
            name='ping_failures',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='client',
            name='pinged_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='booking',
            name='insurance_plan',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='sandbox.insuranceplan'),
        ),
        migrations.AddField(
            model_name='insuranceplan',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='plans', to='sandbox.insuranceprovider'),
        ),
        migrations.CreateModel(
            name='AddressInsurance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='insurances', to='sandbox.address')),
                ('plans', models.ManyToManyField(related_name='+', to='sandbox.insuranceplan')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sandbox.insuranceprovider')),
            ],
            options={
                'ordering': ('provider',),
            },
        ),
        migrations.AddField(
            model_name='booking',
            name='insurance_provider',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='sandbox.insuranceprovider'),
        ),
        migrations.CreateModel(
            name='OpinionRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phone', models.CharField(max_length=40)),
                ('at', models.DateTimeField()),
                ('booking', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='opinion_request', to='sandbox.booking')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='opinion_requests', to='sandbox.doctor')),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.AddConstraint(
            model_name='insuranceplan',
            constraint=models.UniqueConstraint(fields=('provider', 'name'), name='sandbox_plan_once'),
        ),
        migrations.AddConstraint(
            model_name='addressinsurance',
            constraint=models.UniqueConstraint(fields=('address', 'provider'), name='sandbox_insurance_once'),
        ),
        *(
            migrations.RunSQL(
                f"ALTER TABLE sandbox_{table} ALTER COLUMN id SET START WITH {first} RESTART",
                migrations.RunSQL.noop,
            )
            for table, first in (("insuranceprovider", 101), ("insuranceplan", 9_001))
        ),
        migrations.RunPython(lay_nfz, migrations.RunPython.noop),
        migrations.RunSQL(WIDEN_DAYS, migrations.RunSQL.noop),
        migrations.RunSQL(WIDEN_REQUESTS, migrations.RunSQL.noop),
    ]
