"""A study hit by faults again and again: `python -m benchmarks.faults`."""
