"""One pool of workers for all searches and both stages of a study.

Takes the jobs that follow from a plan and its finished trials (`study.search`), and trains them
with `hw3`. Gives records. Two executors run the same jobs to the same records: `study.pool.tuner`
spreads them over the workers of a Ray cluster, `study.pool.inline` runs one after the other in this
process. Both ask and tell one `study.pool.session.Session`; `study.pool.failures` decides when a
candidate is given up. May import `hw3`, `study.spec`, `study.store`, `study.search` and
`study.cluster`.
"""
