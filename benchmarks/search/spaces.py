"""What is searched on the tables of real curves: one space for each of the homework's tasks."""

from study import task_a, task_b, task_c
from study.spec.search import Search

# Task A searches three lines of this square, each with a search of its own.
RATES = Search("task_a", "dropout", "conv", dict.fromkeys(task_a.PLACES, task_a.RATE))
SEARCHES = {
    "task_a": RATES,
    "task_b": task_b.SEARCHES[0],
    "task_c": task_c.SEARCHES[0],
}
