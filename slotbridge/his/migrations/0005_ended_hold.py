"""A hold that was released or ran out stays, cancelled, without ever having had a patient."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("his", "0004_append_only")]

    operations = [
        migrations.RemoveConstraint(
            model_name="visit", name="visit_has_a_patient_unless_proposed"
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=Q(status__in=["proposed", "cancelled"]) | Q(patient__isnull=False),
                name="visit_has_a_patient_unless_held",
            ),
        ),
    ]
