from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_log_in")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="moved_from",
            field=models.DateTimeField(null=True),
        ),
    ]
