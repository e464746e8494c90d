"""Where this installation keeps its data, its secrets and its embedded database."""

import os
import secrets
from pathlib import Path

import platformdirs

from slotbridge.kit import env, postgres


def data_directory() -> Path:
    """SLOTBRIDGE_DATA; else `var` in a checkout; else the user's data directory."""
    checkout = Path(__file__).resolve().parent.parent.parent
    if (checkout / "pyproject.toml").exists():
        default = checkout / "var"
    else:
        default = Path(platformdirs.user_data_dir("slotbridge"))
    return env.folder("SLOTBRIDGE_DATA", default)


def embedded() -> postgres.Server:
    """The embedded PostgreSQL of this installation, started or not."""
    return postgres.Server(data_directory() / "postgres")


def database_url(name: str) -> str:
    """DATABASE_URL, or the address of `name` in the embedded PostgreSQL."""
    return env.text("DATABASE_URL", "") or embedded().url(name)


def secret(name: str) -> str:
    """The secret in variable `name`; without one, a random one kept in the data directory.

    A file of mode 0600 beside the database: one command must start everything, and a constant
    in the code would be no secret. Two processes that start at once agree on one value.
    """
    given = os.environ.get(name, "").strip()
    if given:
        if len(given) < 32:
            raise env.WrongSetting(name, "use at least 32 random characters")
        return given
    path = data_directory() / f"{name.removeprefix('SLOTBRIDGE_').lower()}.secret"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                os.link(draft, path)  # atomic, and fails if another process was first
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise env.WrongSetting(
            "SLOTBRIDGE_DATA", f"cannot keep secrets in {path.parent}: {error.strerror}"
        ) from None
