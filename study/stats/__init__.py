"""The statistics behind the verdicts: arrays in, numbers out.

Takes one value per seed, or the answers to each test image. Gives p-values, intervals, and numbers
of seeds. Knows nothing of studies, tables or files; imports numpy and scipy alone.
"""
