"""`slotbridge …` and `python -m slotbridge …`."""

import os
import sys


def main() -> None:
    """Chooses the settings of the program that is started, then runs the command."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "demo":  # whatever is set: a demo never touches real data
        os.environ["DJANGO_SETTINGS_MODULE"] = "slotbridge.config.demo"
    # What an import would change is seen in the portal's database.
    explains = sys.argv[1:3] == ["medihost", "explain"]
    program = (
        "portal"
        if explains
        else {"sandbox": "sandbox", "portal": "portal"}.get(command, "settings")
    )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"slotbridge.config.{program}")
    from slotbridge.cli.main import app  # noqa: PLC0415 - the settings must be chosen first

    app()


if __name__ == "__main__":
    main()
