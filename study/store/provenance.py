"""Where numbers come from: the commit, the versions, the machine."""

import functools
import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

HANDED_ON = "STUDY_CHECKOUT"  # to a submitted job, whose copy of the project has no history
PACKAGES = ("torch", "ray", "optuna", "numpy", "scipy", "pandas")


@functools.cache
def provenance() -> dict[str, Any]:
    """Commit and whether the tree differs from it (None where not known), and versions."""
    return checkout() | {
        "driver": platform.node(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def checkout() -> dict[str, Any]:
    """Commit and whether the tree differs from it, of the checkout that this job was submitted
    from, else of this one; None where there is none."""
    if HANDED_ON in os.environ:
        return json.loads(os.environ[HANDED_ON])
    changes = _git("status", "--porcelain")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
    }


def handed_on() -> dict[str, str]:
    """The environment in which a job knows the checkout that it was submitted from."""
    return {HANDED_ON: json.dumps(checkout())}


def tracked_files(folder: Path) -> list[Path]:
    """What git tracks in the folder, as paths relative to it; none where it is no checkout."""
    names = _git("ls-files", "-z", folder=folder) or ""
    return [Path(name) for name in names.split("\0") if name]


def _git(*arguments: str, folder: Path = Path(__file__).parent) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
