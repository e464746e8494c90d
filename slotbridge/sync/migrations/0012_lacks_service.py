from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0011_first_seen'),
    ]

    operations = [
        migrations.AddField(
            model_name='visittarget',
            name='lacks_service',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
