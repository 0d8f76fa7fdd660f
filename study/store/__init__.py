"""What a study keeps: records of finished trials, checkpoints of trials under way, a lock.

Takes a results folder, on a disk or at a URI. Gives files that appear whole or not at all
(`study.store.folder`), the records, which are the only truth (`study.store.records`), checkpoints,
the lock of one driver per study, and the provenance of numbers. May import `hw3` and `study.spec`.
"""
