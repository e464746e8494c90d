from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0010_rolling_horizon'),
    ]

    operations = [
        migrations.AddField(
            model_name='catalogueitem',
            name='first_seen_at',
            field=models.DateTimeField(null=True),
        ),
    ]
