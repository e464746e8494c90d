"""Makes the tables of every program in the template databases."""

import django
from django.core.management import call_command
from django.db import connections

if __name__ == "__main__":
    django.setup()
    for alias in ("default", "sandbox", "portal"):
        call_command("migrate", database=alias, verbosity=0, interactive=False)
    connections.close_all()
