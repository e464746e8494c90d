from django.db import migrations


class Migration(migrations.Migration):
    """What is sealed cannot be made smaller: PostgreSQL need not try, which takes as long again."""

    dependencies = [
        ("portal", "0003_order_moved_from"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE portal_documentpart ALTER COLUMN sealed SET STORAGE EXTERNAL",
            "ALTER TABLE portal_documentpart ALTER COLUMN sealed SET STORAGE EXTENDED",
        ),
    ]
