"""The one tidy table from which verdicts, figures and the report are computed.

Takes finished trials (`study.search.choose.FinishedTrials`). Gives a DataFrame with one row per
epoch of every trial: its columns are declared in `study.table.columns`, its rows made by
`study.table.rows.make_table`, and `describe` says what they hold. From it `seeds`, `trials` and
`summary` compute what judging, figures and the report share, `formatting` writes its values for
people, `constant` says what a model scores that has learnt nothing, and `example` makes up a table.
May import `hw3`, `study.spec`, `study.stats`, `study.store` and `study.search`; never Ray.
"""

from study.table.described import describe

__all__ = ["describe"]
