"""Figures of a study, computed first and drawn second.

Takes the table (`study.table`) and a study's `Figure` records (`study.spec.figures`). Gives PNG and
SVG files, the numbers of each figure as a frame, and what it shows in words. `study.figures.kinds`
lists the kinds; each has a file of its own with `frame_of_KIND`, `draw_KIND` and `describe_KIND`.
`study.figures.draw` draws a figure, `study.figures.check` finds those that cannot be drawn before
anything is trained. May import `hw3`, `study.spec`, `study.stats`, `study.store`, `study.search`
and `study.table`; never Ray.
"""
