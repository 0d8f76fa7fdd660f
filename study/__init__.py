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
    cli                  the command line
    api                  the same from Python: study.run, study.load
    task_a, task_b, task_c, homework    the studies that come with it
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.api import Result, load, run

__all__ = ["Result", "load", "run"]


def __getattr__(name: str) -> Any:
    """Import what is for users where it is asked for: modules that need `study` alone load fast."""
    if name in __all__:
        from study import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
