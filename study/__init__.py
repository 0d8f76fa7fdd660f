"""Claims to verdicts: searches, confirmation on fresh seeds, statistics, figures and reports."""
