"""Columns of the table that hold times, measured while nothing else was trained on the machine.

`study.search.timing` says what is trained for them, `study.table.columns` what each holds.
"""

SECONDS, ELAPSED, TO_CONVERGE = "seconds_alone", "elapsed_alone", "seconds_to_converge"
TIMED_METRICS = (SECONDS, ELAPSED, TO_CONVERGE)
TIMED_FIGURE = "time_to_accuracy"  # the kind of figure that draws one of them
