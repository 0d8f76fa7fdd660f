"""A part of Task C with a single figure, for tests that run a study's whole command often."""

from dataclasses import replace

from study import task_c
from study.cli.command import main
from study.spec.figures import Figure

NAMES = {"lab4", "gap"}
STUDY = replace(
    task_c.STUDY,
    baselines=tuple(one for one in task_c.STUDY.baselines if one.name in NAMES),
    claims=tuple(one for one in task_c.STUDY.claims if set(one.candidates) <= NAMES),
    figures=(Figure("answer", "comparison", "The candidates"),),
    answer=(),
)

if __name__ == "__main__":
    main(STUDY)
