from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0008_booking_details'),
    ]

    operations = [
        migrations.AddField(
            model_name='patrolreport',
            name='since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='patrolreport',
            name='rounds',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='patrolreport',
            name='compared',
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='patrolreport',
            name='differing',
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
