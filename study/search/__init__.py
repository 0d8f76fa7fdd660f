"""What is trained next, and what was chosen.

Takes a study's records of what it is (`study.spec`) and the finished trials (`study.store`). Gives
the plan of a run, the trial as a job with the key that its numbers are filed under, the next
configuration of a search (Optuna), when a trial stops early (ASHA), and the choice. May import
`hw3`, `study.spec`, `study.stats` and `study.store`.
"""
