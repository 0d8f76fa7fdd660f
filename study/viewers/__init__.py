"""What shows a run while it is under way: its own page, and the viewers of others.

Takes what a session tells its observers (`study.pool.session`). `study.viewers.feed` passes it on
to each viewer in a thread of its own, which takes a small share of the run's time and can neither
stop the run nor hold it up; each viewer is a file. What they may show is decided in
`study.search.blinded`. Nothing reads what they write: the records are the only truth.
"""
