"""Compiled translations without a compiler: a fresh machine has no gettext tools, and the package
may lie where nothing can be written.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

import polib


def compiled(sources: Path, target: Path) -> Path:
    """Every `<language>/LC_MESSAGES/*.po` under `sources` as `.mo`; returns their folder.

    The folder is named by the sources' digest and appears whole by one rename: a new release
    never reads an old catalogue, and processes that start at once do not see half of one.
    """
    catalogues = sorted(sources.glob("*/LC_MESSAGES/*.po"))
    digest = hashlib.sha256()
    for catalogue in catalogues:
        digest.update(f"{catalogue.relative_to(sources)}\0".encode())
        digest.update(catalogue.read_bytes())
    ready = target / digest.hexdigest()[:16]
    if ready.is_dir():
        return ready
    target.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target))
    try:
        for catalogue in catalogues:
            binary = draft / catalogue.relative_to(sources).with_suffix(".mo")
            binary.parent.mkdir(parents=True, exist_ok=True)
            polib.pofile(str(catalogue)).save_as_mofile(str(binary))
        draft.rename(ready)
    except OSError:
        if not ready.is_dir():  # else another process was first
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return ready
