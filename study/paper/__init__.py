"""What a study gives for a paper: tables, methods and figures for LaTeX, references, checklists and
an RO-Crate.

Takes a run's finished trials (`study.search.choose.FinishedTrials`), like `study.report`, whose
words and tables it uses. `study.paper.facts` computes what is said, `methods`, `tables`,
`checklists` and `references` say it, `latex` escapes and renders, `crate` packs the records, and
`study.paper.outputs.write_paper` writes everything into a folder. May import all layers below, from
`study.report` down; never Ray.
"""
