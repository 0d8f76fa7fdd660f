"""The specification of a study, as frozen dataclasses: baselines, searches, claims and figures.

Takes nothing and imports nothing of the project. Gives the record that a task file is made of
(`study.spec.study`) and those in it (`baseline`, `search`, `claim`), the dimensions of a search
space (`study.spec.space`), the standard figures (`study.spec.figures`), the profiles
(`study.spec.budget`), and the claims as they were registered before a run
(`study.search.registration`). Nothing here runs anything.

Records are not checked when they are made: `Study.mistakes` lists everything that is wrong with a
study at once, so that a plan can say it in sentences.
"""
