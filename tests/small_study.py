"""Task C with a single figure, for tests that run a study's whole command several times."""

from dataclasses import replace

from study import task_c
from study.cli.command import main
from study.spec.figures import Figure

STUDY = replace(task_c.STUDY, figures=(Figure("answer", "comparison", "The candidates"),))

if __name__ == "__main__":
    main(STUDY)
