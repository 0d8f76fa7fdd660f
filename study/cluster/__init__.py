"""Where a study runs: Ray, on this machine or on a cluster, and the resources of each trial.

Takes addresses, resources and the description of a cluster. Gives a connection (`ray`), the
resources of a trial (`resources`), a check of every host before `ray up` (`check`) and of the
results folder during a run (`shared_results`), and the submission of a study as a job (`submit`).
May import `study.spec` and `study.store`.
"""
