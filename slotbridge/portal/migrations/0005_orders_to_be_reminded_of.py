from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0004_sealed_parts")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("reminded_at__isnull", True), ("status", 0)),
                fields=["start"],
                name="orders_to_be_reminded_of",
            ),
        ),
    ]
