"""Task C's command line, with workers that append a line to a trace file after each epoch.

python -m benchmarks.faults.traced TRACE [OPTIONS OF THE TASK]...
"""

import os
import sys
from typing import Any

import study.pool.tuner
from benchmarks.faults.rounds import now_as_files
from study.cli.command import main
from study.pool.trainable import StudyTrial
from study.pool.tune_messages import reports_from
from study.task_c import STUDY


def traced_trial(trace: str) -> type[StudyTrial]:
    """A trial that leaves a line for each of its epochs: key, epoch, process, time."""

    class TracedTrial(StudyTrial):
        def step(self) -> dict[str, Any]:
            result = super().step()
            for key, report in reports_from(result).items():
                self._leave_line(key, report.rows[-1]["epoch"])
            return result

        def _leave_line(self, key: str, epoch: int) -> None:
            line = f"{key} {epoch} {os.getpid()} {now_as_files()}\n"
            file = os.open(trace, os.O_WRONLY | os.O_APPEND)
            os.write(file, line.encode())
            os.close(file)

    return TracedTrial


if __name__ == "__main__":
    study.pool.tuner.StudyTrial = traced_trial(sys.argv[1])
    sys.argv = [f"{STUDY.name}.py", *sys.argv[2:]]  # the plan's command is derived from it
    main(STUDY)
