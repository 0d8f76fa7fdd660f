"""The report of a study: a self-contained HTML page, the same as Markdown, and data files.

Takes a run's finished trials (`study.search.choose.FinishedTrials`). `study.report.verdicts` puts
verdicts into words, `study.report.content`, `results` and `making` build the sections as plain
blocks, `study.report.render` turns the blocks into HTML and Markdown, and
`study.report.outputs` writes everything into the study's folder. May import all layers below, from
`study.judge` and `study.figures` down; never Ray.
"""
