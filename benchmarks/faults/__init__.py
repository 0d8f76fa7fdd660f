"""A study hit by `kill -9` again and again: `python -m benchmarks.faults`."""
