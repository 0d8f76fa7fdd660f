"""Where numbers come from: the commit, the versions, the machine."""

import functools
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "ray", "optuna", "numpy", "scipy", "pandas")


@functools.cache
def provenance() -> dict[str, Any]:
    """Commit and whether the tree differs from it (None outside a checkout), and versions."""
    changes = _git("status", "--porcelain")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
        "driver": platform.node(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


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
