"""What is searched on the tables of real curves: one space for each of the homework's tasks."""

from dataclasses import replace

from study import task_a, task_b, task_c
from study.spec.search import Search

# Task A searches three lines of this square, each with a search of its own.
RATES = Search("task_a", "dropout", "conv", dict.fromkeys(task_a.PLACES, task_a.RATE))
# Without their fronts: what is measured is how soon the best score is found, whatever it costs.
SEARCHES = {
    "task_a": RATES,
    "task_b": replace(task_b.SEARCHES[0], front=None),
    "task_c": replace(task_c.SEARCHES[0], front=None),
}
