from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0009_rounds_of_reports'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='horizon_due_at',
            field=models.DateTimeField(null=True),
        ),
    ]
