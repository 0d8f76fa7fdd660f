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
    """Commit and whether the tree differs from it: this checkout's, or that of whoever submitted
    this job; None where neither is known."""
    changes = _git("status", "--porcelain")
    if changes is None:
        return json.loads(os.environ.get(HANDED_ON, '{"commit": null, "dirty": null}'))
    return {"commit": _git("rev-parse", "HEAD"), "dirty": bool(changes)}


def handed_on() -> dict[str, str]:
    """The environment in which a job knows the checkout that it was submitted from."""
    return {HANDED_ON: json.dumps(checkout())}


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
