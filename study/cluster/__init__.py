"""Where a study runs: Ray, started here or on a cluster, and what a trial gets of it.

Takes addresses, resources and the description of a cluster. Gives a connection, the resources of a
trial, a look at every host before `ray up`, and the submission of a study as a job. May import
`study.spec` and `study.store`.
"""
