"""`slotbridge …` and `python -m slotbridge …`."""

import os
import sys


def main() -> None:
    """Chooses the settings of the program that is started, then runs the command."""
    program = "sandbox" if sys.argv[1:2] == ["sandbox"] else "settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"slotbridge.config.{program}")
    from slotbridge.cli.main import app  # noqa: PLC0415 - the settings must be chosen first

    app()


if __name__ == "__main__":
    main()
