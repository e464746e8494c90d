# 2026-11-21 21:21

from django.contrib.postgres.operations import BtreeGistExtension
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import slotbridge.sandbox.models.access
import slotbridge.sandbox.models.calendar
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name='Address',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('street', models.CharField(blank=True, max_length=200)),
                ('post_code', models.CharField(blank=True, max_length=20)),
                ('city_name', models.CharField(blank=True, max_length=100)),
                ('is_online_only', models.BooleanField(default=False)),
                ('insurance_support', models.CharField(default='private', max_length=30)),
                ('commercial_type', models.CharField(choices=[('premium', 'Premium'), ('saas-only', 'Saas Only'), ('basic', 'Basic')], default='premium', max_length=10)),
                ('calendar', models.CharField(blank=True, choices=[('', 'None'), ('enabled', 'Enabled'), ('disabled', 'Disabled')], default='', max_length=10)),
                ('is_disabled', models.BooleanField(default=False)),
                ('is_locked', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('client_id', models.CharField(max_length=80, unique=True)),
                ('secret_hash', models.CharField(max_length=200)),
                ('delivery', models.CharField(choices=[('push', 'Push'), ('pull', 'Pull'), ('both', 'Both')], default='pull', max_length=4)),
                ('notification_url', models.CharField(blank=True, max_length=500)),
                ('push_header', models.CharField(blank=True, max_length=100)),
                ('push_header_value', models.CharField(blank=True, max_length=200)),
                ('retry_minutes', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), blank=True, default=slotbridge.sandbox.models.access.retry_minutes, size=None)),
                ('muted_events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('asks_slot_booking', models.BooleanField(default=False)),
                ('asks_booking_moving', models.BooleanField(default=False)),
                ('question_timeout_ms', models.PositiveIntegerField(default=2000)),
                ('is_limited', models.BooleanField(default=True)),
                ('writes_per_minute', models.PositiveIntegerField(default=40)),
                ('reads_per_hour', models.PositiveIntegerField(default=8000)),
                ('quirks', models.JSONField(blank=True, default=dict)),
                ('released_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Doctor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('surname', models.CharField(max_length=100)),
                ('specialization', models.CharField(blank=True, max_length=100)),
                ('license_number', models.CharField(blank=True, max_length=40)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Facility',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, unique=True)),
                ('specialization_id', models.IntegerField(null=True)),
                ('is_diagnostic', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='AddressService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('price_minor', models.BigIntegerField(null=True)),
                ('is_price_from', models.BooleanField(default=False)),
                ('is_default', models.BooleanField(default=False)),
                ('is_visible', models.BooleanField(default=True)),
                ('default_duration', models.PositiveIntegerField(default=30)),
                ('description', models.TextField(blank=True)),
                ('custom_name', models.CharField(blank=True, max_length=200)),
                ('minimum_age', models.PositiveIntegerField(null=True)),
                ('maximum_age', models.PositiveIntegerField(null=True)),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='services', to='sandbox.address')),
                ('service', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='sandbox.service')),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='sandbox.client')),
            ],
        ),
        migrations.AddField(
            model_name='address',
            name='doctor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='sandbox.doctor'),
        ),
        migrations.AddField(
            model_name='doctor',
            name='facilities',
            field=models.ManyToManyField(related_name='doctors', to='sandbox.facility'),
        ),
        migrations.AddField(
            model_name='client',
            name='facilities',
            field=models.ManyToManyField(related_name='clients', to='sandbox.facility'),
        ),
        migrations.AddField(
            model_name='address',
            name='facility',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='sandbox.facility'),
        ),
        migrations.CreateModel(
            name='FaultRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(max_length=60)),
                ('effect', models.CharField(max_length=20)),
                ('every', models.PositiveIntegerField(default=1)),
                ('seen', models.PositiveIntegerField(default=0)),
                ('remaining', models.PositiveIntegerField(null=True)),
                ('status', models.PositiveIntegerField(default=500)),
                ('seconds', models.FloatField(default=0)),
                ('text', models.CharField(blank=True, max_length=60)),
                ('client', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='sandbox.client')),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='SlotRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('days', models.JSONField()),
                ('due_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='slot_requests', to='sandbox.address')),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Booking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('status', models.CharField(choices=[('booked', 'Booked'), ('canceled', 'Canceled')], default='booked', max_length=10)),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('patient', models.JSONField()),
                ('comment', models.TextField(blank=True)),
                ('label', models.TextField(blank=True)),
                ('booked_by', models.CharField(choices=[('user', 'User'), ('doctor', 'Doctor'), ('integration', 'Integration')], max_length=12)),
                ('booked_at', models.DateTimeField()),
                ('canceled_by', models.CharField(blank=True, choices=[('user', 'User'), ('doctor', 'Doctor'), ('integration', 'Integration')], max_length=12)),
                ('canceled_at', models.DateTimeField(null=True)),
                ('cancel_reason', models.TextField(blank=True)),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bookings', to='sandbox.address')),
                ('moved_from', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='moved_to', to='sandbox.booking')),
                ('origin', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='later', to='sandbox.booking')),
                ('service', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='sandbox.addressservice')),
            ],
            options={
                'ordering': ('start', 'pk'),
                'indexes': [models.Index(fields=['address', 'start'], name='sandbox_booking_start')],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('status', 'booked')), expressions=[('address', '='), (slotbridge.sandbox.models.calendar.TsTzRange('start', 'end'), '&&')], name='sandbox_no_double_booking'), models.CheckConstraint(condition=models.Q(('end__gt', models.F('start'))), name='sandbox_booking_has_length')],
            },
        ),
        migrations.CreateModel(
            name='Break',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('till', models.DateTimeField()),
                ('description', models.TextField(blank=True)),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='breaks', to='sandbox.address')),
                ('copy_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='copies', to='sandbox.break')),
            ],
            options={
                'ordering': ('since', 'pk'),
                'constraints': [models.UniqueConstraint(fields=('address', 'since', 'till', 'description'), name='sandbox_break_once'), models.CheckConstraint(condition=models.Q(('till__gt', models.F('since'))), name='sandbox_break_has_length')],
            },
        ),
        migrations.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('periods', models.JSONField()),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='days', to='sandbox.address')),
            ],
            options={
                'ordering': ('day',),
                'constraints': [models.UniqueConstraint(fields=('address', 'day'), name='sandbox_one_row_per_day')],
            },
        ),
        migrations.CreateModel(
            name='ApiCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('operation', models.CharField(max_length=60)),
                ('method', models.CharField(max_length=7)),
                ('path', models.CharField(max_length=300)),
                ('status', models.PositiveIntegerField()),
                ('milliseconds', models.PositiveIntegerField()),
                ('fault', models.CharField(blank=True, max_length=40)),
                ('client', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='sandbox.client')),
            ],
            options={
                'ordering': ('-pk',),
                'indexes': [models.Index(fields=['client', '-id'], name='sandbox_calls_of_client')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('body', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('visible_at', models.DateTimeField()),
                ('position', models.BigIntegerField()),
                ('is_held', models.BooleanField(default=False)),
                ('is_malformed', models.BooleanField(default=False)),
                ('is_lost', models.BooleanField(default=False)),
                ('push', models.CharField(choices=[('none', 'None'), ('due', 'Due'), ('delivered', 'Delivered'), ('buried', 'Buried')], default='none', max_length=9)),
                ('push_attempts', models.PositiveIntegerField(default=0)),
                ('push_due_at', models.DateTimeField(null=True)),
                ('push_status', models.PositiveIntegerField(null=True)),
                ('pull_until', models.DateTimeField(null=True)),
                ('pulled_at', models.DateTimeField(null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='sandbox.client')),
            ],
            options={
                'ordering': ('position',),
                'indexes': [models.Index(condition=models.Q(('push', 'due')), fields=['push_due_at'], name='sandbox_push_due'), models.Index(condition=models.Q(('pulled_at', None)), fields=['client', 'position'], name='sandbox_pull_queue')],
            },
        ),
        migrations.CreateModel(
            name='RateWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=5)),
                ('used', models.PositiveIntegerField(default=0)),
                ('ends_at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='windows', to='sandbox.client')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'kind'), name='sandbox_one_window')],
            },
        ),
        migrations.AddConstraint(
            model_name='addressservice',
            constraint=models.UniqueConstraint(fields=('address', 'service'), name='sandbox_service_once_per_address'),
        ),
        migrations.AddIndex(
            model_name='slotrequest',
            index=models.Index(fields=['address', 'digest'], name='sandbox_request_digest'),
        ),
        migrations.AddConstraint(
            model_name='slotrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at', None)), fields=('address', 'digest'), name='sandbox_request_in_progress'),
        ),
        migrations.RunSQL(
            "CREATE SEQUENCE sandbox_notification_position",
            "DROP SEQUENCE sandbox_notification_position",
        ),
        # Ids of different things never coincide: whoever mixes two up gets an error, not luck.
        *(
            migrations.RunSQL(
                f"ALTER TABLE sandbox_{table} ALTER COLUMN id SET START WITH {first} RESTART",
                migrations.RunSQL.noop,
            )
            for table, first in (
                ("facility", 1_001),
                ("doctor", 20_001),
                ("address", 300_001),
                ("service", 4_001),
                ("addressservice", 500_001),
                ("booking", 6_000_001),
                ("break", 7_000_001),
            )
        ),
    ]
