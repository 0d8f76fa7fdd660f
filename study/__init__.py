"""Hyperparameter studies that put claims to the test: search, confirmation, statistics, report.

A study explores (each search proposes trials, a score of the validation part decides), confirms
(every candidate, that is every baseline and what each search chose, is trained again on fresh
seeds) and judges (each claim by the candidates' scores over seeds).

Packages from the bottom up; each may import those of lower layers only:

    spec, stats          what a study is; arrays in, numbers out
    store                records, checkpoints, lock
    search, cluster      what is trained next; where Ray runs
    pool, table          trains; one tidy table of the records
    judge, figures       verdicts; pictures
    report               the page
    paper                LaTeX, figures, references and checklists for a paper
    cli                  the command line
    api                  the same from Python: study.run, study.load
    task_a, task_b, task_c, homework    the studies that come with it
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.api import Result, load, run
    from study.spec.baseline import Baseline, Match
    from study.spec.claim import Claim, Scale
    from study.spec.figures import Figure
    from study.spec.front import Front
    from study.spec.search import Search
    from study.spec.space import Choice, Float, If, Int
    from study.spec.study import Study

__all__ = [
    "Baseline",
    "Choice",
    "Claim",
    "Figure",
    "Float",
    "Front",
    "If",
    "Int",
    "Match",
    "Result",
    "Scale",
    "Search",
    "Study",
    "load",
    "run",
]
_MODULES = {
    "study.api": ("Result", "load", "run"),
    "study.spec.baseline": ("Baseline", "Match"),
    "study.spec.claim": ("Claim", "Scale"),
    "study.spec.figures": ("Figure",),
    "study.spec.front": ("Front",),
    "study.spec.space": ("Choice", "Float", "If", "Int"),
    "study.spec.search": ("Search",),
    "study.spec.study": ("Study",),
}


def __getattr__(name: str) -> Any:
    """Import what is for users where it is asked for: modules that need `study` alone load fast."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
