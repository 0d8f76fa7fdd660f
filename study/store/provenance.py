"""Where numbers come from: the commit, the versions, the machine."""

import functools
import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from study.spec.errors import StudyError
from study.store.reading import Damaged, parse_json, read_record

HANDED_ON = "STUDY_CHECKOUT"  # to a submitted job, whose copy of the project has no history
# A checkout may name a program that git starts to watch it; git's index is not rewritten.
ONLY_READS = ("-c", "core.fsmonitor=false", "--no-optional-locks")
# Set in git's hooks and aliases: of the repository of these, whichever folder is asked about.
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
PACKAGES = ("torch", "ray", "optuna", "numpy", "scipy", "pandas")


@dataclass(frozen=True)
class _Checkout:
    commit: str | None
    dirty: bool | None


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
    from, else of this one; None where there is none.

    Raises:
        StudyError: what the job was handed is no checkout.
    """
    if HANDED_ON in os.environ:
        try:
            return asdict(read_record(_Checkout, parse_json(os.environ[HANDED_ON])))
        except Damaged as error:
            raise StudyError(
                f"the environment variable {HANDED_ON} must be as submit sets it, and {error}. "
                f"Remove it: unset {HANDED_ON}"
            ) from error
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
            ["git", *ONLY_READS, *arguments],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name not in ELSEWHERE},
            capture_output=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(answer.stdout.strip())
