"""Hyperparameter search: proposals (Optuna), early stopping (ASHA), selection of the best.

Takes a study's specification (`study.spec`) and the records of finished trials (`study.store`).
Gives the plan of a run (`plan`), a trial as a job with its key (`trial`), which values of a
configuration are the model's and which the recipe's (`hyperparameters`), the next configuration of
a search (`explore`, with `history`, `samplers`, `proposals`), when a trial stops early (`pruning`),
and the chosen configurations (`choose`). `tuning` adds to a study what tunes its candidates. May
import `hw3`, `study.spec`, `study.stats` and `study.store`.
"""
