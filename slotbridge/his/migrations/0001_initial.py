# Constraints and indexes stand in their models: added one by one, each would make Django build
# its state of all models anew, and every fresh database would wait four times as long.

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.lookups
import django.utils.timezone
import slotbridge.his.models.base
import slotbridge.his.models.organisation
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(
        ),
        django.contrib.postgres.operations.TrigramExtension(
        ),
        django.contrib.postgres.operations.UnaccentExtension(
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Device',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('is_active', models.BooleanField(default=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Clinic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('clinic', 'clinic'), ('ward', 'ward')], default='clinic', max_length=10)),
                ('specialty', models.CharField(blank=True, max_length=100)),
                ('is_active', models.BooleanField(default=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Patient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('given_name', models.CharField(blank=True, max_length=100)),
                ('family_name', models.CharField(blank=True, max_length=100)),
                ('name_key', models.CharField(editable=False, max_length=250)),
                ('email', models.CharField(blank=True, max_length=254)),
                ('email_key', models.CharField(blank=True, editable=False, max_length=254)),
                ('phone', models.CharField(blank=True, max_length=20)),
                ('birth_date', models.DateField(blank=True, null=True)),
                ('national_id', models.CharField(blank=True, max_length=40)),
                ('national_id_kind', models.CharField(blank=True, choices=[('', 'none'), ('pesel', 'PESEL'), ('other', 'other document')], default='', max_length=10)),
                ('sex', models.CharField(blank=True, choices=[('', 'unknown'), ('female', 'female'), ('male', 'male')], default='', max_length=10)),
                ('street', models.CharField(blank=True, max_length=200)),
                ('post_code', models.CharField(blank=True, max_length=20)),
                ('city', models.CharField(blank=True, max_length=100)),
                ('origin_channel', models.SlugField(blank=True, max_length=30)),
                ('verify', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('new-from-portal', 'registered by a portal'), ('no-email', 'came without a usable e-mail address'), ('several-with-email', 'several patients have this e-mail address'), ('name-differs', 'split off: another name under the same e-mail address')], max_length=30), blank=True, default=list, size=None)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('is_active', models.BooleanField(default=True)),
                ('is_deceased', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged_from', to='his.patient')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('email_key', ''), _negated=True), fields=['organisation', 'email_key'], name='patient_email'), models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['organisation', 'phone'], name='patient_phone'), models.Index(condition=models.Q(('national_id', ''), _negated=True), fields=['organisation', 'national_id'], name='patient_national_id'), models.Index(fields=['organisation', 'name_key'], name='patient_name'), django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('name_key', name='gin_trgm_ops'), name='patient_name_parts')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='patient_of_organisation'), models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), models.Q(('merged_into', models.F('id')), _negated=True), _connector='OR'), name='patient_not_merged_into_itself'), models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), ('is_active', False), _connector='OR'), name='merged_patient_is_not_active'), models.CheckConstraint(condition=models.Q(models.Q(('national_id', ''), ('national_id_kind', '')), models.Q(models.Q(('national_id', ''), _negated=True), models.Q(('national_id_kind', ''), _negated=True)), _connector='OR'), name='national_id_has_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=30)),
                ('is_given', models.BooleanField()),
                ('at', models.DateTimeField()),
                ('source', models.CharField(max_length=30)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='his.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PatientCandidate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=30)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='his.patient')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='candidates', to='his.patient')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'patient', 'candidate', 'reason'), name='patient_candidate_once')],
            },
        ),
        migrations.CreateModel(
            name='PatientMerge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visits', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('filled', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), default=list, size=None)),
                ('at', models.DateTimeField()),
                ('by', models.CharField(max_length=150)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('absorbed', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.patient')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('survivor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges', to='his.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Practitioner',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('title', models.CharField(blank=True, max_length=60)),
                ('given_name', models.CharField(max_length=100)),
                ('family_name', models.CharField(max_length=100)),
                ('licence_number', models.CharField(blank=True, max_length=20)),
                ('sort_key', models.CharField(editable=False, max_length=250)),
                ('is_active', models.BooleanField(default=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='practitioner_of_organisation'), models.UniqueConstraint(condition=models.Q(('licence_number', ''), _negated=True), fields=('organisation', 'licence_number'), name='practitioner_licence_number')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('role', models.CharField(choices=[('administrator', 'administrator'), ('receptionist', 'receptionist'), ('practitioner', 'practitioner'), ('auditor', 'auditor')], default='receptionist', max_length=20)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='users', to='his.organisation')),
                ('practitioner', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='user', to='his.practitioner')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='PriceList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('valid', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('currency', models.CharField(default='PLN', max_length=3)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='price_lists', to='his.clinic')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='price_list_of_organisation'), models.UniqueConstraint(fields=('id', 'clinic', 'valid', 'currency'), name='price_list_copied_columns'), models.CheckConstraint(condition=models.Q(('valid__isempty', True), _negated=True), name='price_list_valid_some_day')],
            },
        ),
        migrations.CreateModel(
            name='PriceListUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.SlugField(max_length=30)),
                ('valid', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('currency', models.CharField(max_length=3)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.clinic')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('price_list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='his.pricelist')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'price_list', 'channel'), name='price_list_used_once'), models.UniqueConstraint(fields=('id', 'channel', 'valid', 'currency'), name='price_list_use_copied_columns'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('organisation', '='), ('clinic', '='), ('channel', '='), ('valid', '&&')], name='one_price_list_per_clinic_channel_day')],
            },
        ),
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('is_active', models.BooleanField(default=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('reason', models.CharField(choices=[('leave', 'leave'), ('illness', 'illness'), ('training', 'training'), ('other', 'other')], default='other', max_length=20)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('clinic', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.clinic')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='absences', to='his.device')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('practitioner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='absences', to='his.practitioner')),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='absences', to='his.room')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'practitioner', 'start'], name='absence_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('start__lt', models.F('end'))), name='absence_starts_before_it_ends'), models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(models.Func(models.F('practitioner'), models.F('room'), models.F('device'), function='num_nonnulls', output_field=models.IntegerField()), models.Value(1))), name='absence_of_one_practitioner_room_or_device')],
            },
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('is_active', models.BooleanField(default=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='his.clinic')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='his.device')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('practitioner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='his.practitioner')),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='his.room')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='schedule_of_organisation'), models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(models.Func(models.F('practitioner'), models.F('room'), models.F('device'), function='num_nonnulls', output_field=models.IntegerField()), models.Value(1))), name='schedule_of_one_practitioner_room_or_device'), models.UniqueConstraint(fields=('organisation', 'clinic', 'practitioner'), name='one_schedule_of_a_practitioner_in_a_clinic'), models.UniqueConstraint(fields=('organisation', 'clinic', 'room'), name='one_schedule_of_a_room_in_a_clinic'), models.UniqueConstraint(fields=('organisation', 'clinic', 'device'), name='one_schedule_of_a_device_in_a_clinic')],
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('duration_minutes', models.PositiveSmallIntegerField()),
                ('is_active', models.BooleanField(default=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='service_of_organisation'), models.UniqueConstraint(fields=('organisation', 'name'), name='service_name'), models.CheckConstraint(condition=models.Q(('duration_minutes__gte', 1), ('duration_minutes__lte', 1440)), name='service_lasts_1_to_1440_minutes')],
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_minor', models.PositiveIntegerField()),
                ('is_from', models.BooleanField(default=False)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('price_list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='his.pricelist')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='his.service')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'price_list', 'service'), name='price_once_in_a_list'), models.UniqueConstraint(fields=('id', 'service', 'amount_minor'), name='price_copied_columns')],
            },
        ),
        migrations.CreateModel(
            name='OfferedPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.SlugField(max_length=30)),
                ('valid', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('amount_minor', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('price', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offered', to='his.price')),
                ('use', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offered', to='his.pricelistuse')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.service')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'use', 'price'), name='offered_price_once'), django.contrib.postgres.constraints.ExclusionConstraint(deferrable=django.db.models.constraints.Deferrable['IMMEDIATE'], expressions=[('organisation', '='), ('channel', '='), ('service', '='), ('currency', '='), ('valid', '&&'), ('amount_minor', '<>')], name='same_price_on_a_channel_and_day')],
            },
        ),
        migrations.CreateModel(
            name='TemplateVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='TemplatePeriod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField()),
                ('start', models.TimeField()),
                ('end', models.TimeField()),
                ('slot_minutes', models.PositiveSmallIntegerField()),
                ('channels', django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=30), blank=True, default=list, size=None)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.room')),
                ('services', models.ManyToManyField(blank=True, related_name='+', to='his.service')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='periods', to='his.templateversion')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('start__lt', models.F('end'))), name='template_period_starts_before_it_ends'), models.CheckConstraint(condition=models.Q(('weekday__gte', 0), ('weekday__lte', 6)), name='template_period_weekday'), models.CheckConstraint(condition=models.Q(('slot_minutes__gte', 1), ('slot_minutes__lte', 1440)), name='template_slots_last_1_to_1440_minutes')],
            },
        ),
        migrations.CreateModel(
            name='Slot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('day', models.DateField()),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('channels', django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=30), blank=True, default=list, size=None)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.device')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('practitioner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.practitioner')),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.room')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='slots', to='his.schedule')),
                ('services', models.ManyToManyField(blank=True, related_name='+', to='his.service')),
                ('template_version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='slots', to='his.templateversion')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'schedule', 'day'], name='slot_schedule_day'), models.Index(fields=['organisation', 'practitioner', 'start'], name='slot_person_start'), django.contrib.postgres.indexes.GinIndex(fields=['channels'], name='slot_channels')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='slot_of_organisation'), models.CheckConstraint(condition=models.Q(('start__lt', models.F('end'))), name='slot_starts_before_it_ends'), models.CheckConstraint(condition=models.Q(('practitioner__isnull', False), ('room__isnull', False), ('device__isnull', False), _connector='OR'), name='slot_of_somebody_or_something'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('organisation', '='), ('practitioner', '='), (slotbridge.his.models.base.TsTzRange(models.F('start'), models.F('end'), django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='slot_no_overlap_practitioner'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('organisation', '='), ('room', '='), (slotbridge.his.models.base.TsTzRange(models.F('start'), models.F('end'), django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='slot_no_overlap_room'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('organisation', '='), ('device', '='), (slotbridge.his.models.base.TsTzRange(models.F('start'), models.F('end'), django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='slot_no_overlap_device')],
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('time_zone', models.CharField(default='Europe/Warsaw', max_length=60, validators=[slotbridge.his.models.organisation.check_time_zone])),
                ('street', models.CharField(blank=True, max_length=200)),
                ('post_code', models.CharField(blank=True, max_length=20)),
                ('city', models.CharField(blank=True, max_length=100)),
                ('phone', models.CharField(blank=True, max_length=20)),
                ('is_active', models.BooleanField(default=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='unit_of_organisation'), models.UniqueConstraint(fields=('organisation', 'name'), name='unit_name')],
            },
        ),
        migrations.AddField(
            model_name='room',
            name='unit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rooms', to='his.unit'),
        ),
        migrations.AddField(
            model_name='device',
            name='unit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='his.unit'),
        ),
        migrations.AddField(
            model_name='clinic',
            name='unit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clinics', to='his.unit'),
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=slotbridge.his.models.base.random_id, editable=False, unique=True)),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('status', models.CharField(choices=[('proposed', 'proposed'), ('booked', 'booked'), ('arrived', 'arrived'), ('fulfilled', 'done'), ('cancelled', 'cancelled'), ('noshow', 'no-show')], default='booked', max_length=10)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('clash', models.CharField(blank=True, choices=[('', 'none'), ('taken', 'the time was already taken here'), ('no-slot', 'there is no slot at this time')], default='', max_length=10)),
                ('origin_channel', models.SlugField(blank=True, max_length=30)),
                ('channels', django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=30), blank=True, default=list, size=None)),
                ('price_minor', models.PositiveIntegerField(blank=True, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('price_differs', models.BooleanField(default=False)),
                ('comment', models.TextField(blank=True)),
                ('verify', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('name-differs', 'another name or birth date under this e-mail address')], max_length=30), blank=True, default=list, size=None)),
                ('as_booked', models.JSONField(blank=True, default=dict)),
                ('cancel_reason', models.CharField(blank=True, max_length=300)),
                ('cancelled_by', models.SlugField(blank=True, max_length=30)),
                ('payment', models.CharField(blank=True, max_length=30)),
                ('is_confirmed', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.clinic')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='his.device')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='his.patient')),
                ('practitioner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='his.practitioner')),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='his.room')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='his.schedule')),
                ('service', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.service')),
                ('slot', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='visits', to='his.slot')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'practitioner', 'start'], name='visit_person'), models.Index(fields=['organisation', 'clinic', 'start'], name='visit_clinic'), models.Index(fields=['organisation', 'patient', 'start'], name='visit_patient'), models.Index(condition=models.Q(('slot__isnull', False)), fields=['slot'], name='visit_slot'), models.Index(condition=models.Q(('clash', ''), _negated=True), fields=['organisation', 'start'], name='visit_clashes')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='visit_of_organisation'), models.CheckConstraint(condition=models.Q(('start__lt', models.F('end'))), name='visit_starts_before_it_ends'), models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('status', 'proposed'), _connector='OR'), name='only_a_hold_expires'), models.CheckConstraint(condition=models.Q(('status', 'proposed'), ('patient__isnull', False), _connector='OR'), name='visit_has_a_patient_unless_proposed'), models.CheckConstraint(condition=models.Q(('practitioner__isnull', False), ('room__isnull', False), ('device__isnull', False), _connector='OR'), name='visit_with_somebody_or_something'), models.CheckConstraint(condition=models.Q(('price_minor__isnull', True), models.Q(('currency', ''), _negated=True), _connector='OR'), name='price_has_a_currency'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('clash', ''), ('status__in', ['proposed', 'booked', 'arrived', 'fulfilled'])), expressions=[('organisation', '='), ('practitioner', '='), (slotbridge.his.models.base.TsTzRange(models.F('start'), models.F('end'), django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='visit_no_double_booking_practitioner'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('clash', ''), ('status__in', ['proposed', 'booked', 'arrived', 'fulfilled'])), expressions=[('organisation', '='), ('room', '='), (slotbridge.his.models.base.TsTzRange(models.F('start'), models.F('end'), django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='visit_no_double_booking_room'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('clash', ''), ('status__in', ['proposed', 'booked', 'arrived', 'fulfilled'])), expressions=[('organisation', '='), ('device', '='), (slotbridge.his.models.base.TsTzRange(models.F('start'), models.F('end'), django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='visit_no_double_booking_device')],
            },
        ),
        migrations.CreateModel(
            name='OutboxEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('day', models.DateField(blank=True, null=True)),
                ('at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('schedule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='his.schedule')),
                ('visit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='his.visit')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('schedule__isnull', False), ('visit__isnull', True)), models.Q(('day__isnull', True), ('schedule__isnull', True), ('visit__isnull', False)), _connector='OR'), name='outbox_names_a_schedule_or_a_visit')],
            },
        ),
        migrations.CreateModel(
            name='VisitEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(max_length=40)),
                ('actor', models.CharField(max_length=150)),
                ('data', models.JSONField(blank=True, default=dict)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='his.visit')),
            ],
            options={
                'indexes': [models.Index(fields=['visit', 'at'], name='visit_event_story')],
            },
        ),
        migrations.CreateModel(
            name='WeeklyTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
                ('schedule', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='template', to='his.schedule')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='templateversion',
            name='template',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='his.weeklytemplate'),
        ),
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=30)),
                ('name', models.CharField(max_length=60)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'code'), name='channel_code')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('actor', models.CharField(max_length=150)),
                ('action', models.CharField(max_length=60)),
                ('object_kind', models.CharField(max_length=40)),
                ('object_id', models.BigIntegerField(null=True)),
                ('data', models.JSONField(blank=True, default=dict)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='his.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'at'], name='audit_time'), models.Index(fields=['organisation', 'object_kind', 'object_id'], name='audit_object')],
            },
        ),
        migrations.AddConstraint(
            model_name='room',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='room_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='room',
            constraint=models.UniqueConstraint(fields=('organisation', 'unit', 'name'), name='room_name'),
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='device_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.UniqueConstraint(fields=('organisation', 'unit', 'name'), name='device_name'),
        ),
        migrations.AddConstraint(
            model_name='clinic',
            constraint=models.UniqueConstraint(fields=('organisation', 'id'), name='clinic_of_organisation'),
        ),
        migrations.AddConstraint(
            model_name='clinic',
            constraint=models.UniqueConstraint(fields=('organisation', 'unit', 'name'), name='clinic_name'),
        ),
        migrations.AddConstraint(
            model_name='templateversion',
            constraint=models.UniqueConstraint(fields=('organisation', 'template', 'number'), name='template_version_number'),
        ),
    ]
