"""The command line of a study: run, plan and report, and what the terminal shows.

Takes a `Study` and `Options`. Gives the exit code. What takes seconds to import is imported where
it is used, so that help and wrong usage answer at once. May import every package of a lower layer.
"""
