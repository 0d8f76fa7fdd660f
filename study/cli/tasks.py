"""The tasks that lie in the package `study`, and what they claim."""

import importlib
from pathlib import Path
from pkgutil import iter_modules

PACKAGE = str(Path(__file__).parents[1])
TASKS = tuple(one.name for one in iter_modules([PACKAGE]) if one.name.startswith("task_"))


def claims_of_others(study: str) -> dict[str, dict[str, str]]:
    """The digests of the claims of each task but the one of that name, by the tasks' names; of one
    that has a mistake none."""
    from study.search.registration import claim_digests  # seconds, which no other use has to spare

    found: dict[str, dict[str, str]] = {}
    for name in TASKS:
        if name == study:
            continue
        try:
            found[name] = claim_digests(importlib.import_module(f"study.{name}").STUDY)
        except Exception:  # noqa: BLE001 - the mistake is its own run's to tell
            continue
    return found
