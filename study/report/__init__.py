"""What people read of a study: one self-contained page, the same as Markdown, and the data beside.

Takes a run's finished trials (`study.search.choose.FinishedTrials`). `study.report.verdicts` puts
verdicts into words, `study.report.content` and its neighbours say what stands in each section as
plain blocks, `study.report.render` turns the blocks into HTML and Markdown, and
`study.report.outputs` writes everything into the study's folder. May import all layers below, from
`study.judge` and `study.figures` down; never Ray.
"""
