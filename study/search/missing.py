"""What a study was asked for and does not have after its run."""

from collections.abc import Iterator, Mapping

from hw3.text import count_of
from study.search.choose import Candidate, FinishedTrials
from study.search.timing import rounds_of


def describe_missing(trials: FinishedTrials, wanted: Mapping[str, int]) -> Iterator[str]:
    """A sentence for each candidate without all its trainings, and for each search without a
    choice. A training that diverged has been done: its result is that it diverged.

    Args:
        wanted: number of seeds by candidate, `study.judge.wanted_seeds`.
    """
    rounds = rounds_of(trials.plan, wanted)
    for candidate in trials.candidates():
        seeds = wanted[candidate.name]
        records = list(trials.confirmed(candidate).values())
        failed = sum(record.status == "failed" for record in records)
        if failed:
            yield f"{candidate.label}: {failed} of {count_of(seeds, 'training')} failed"
        if len(records) < seeds:
            left = f"{seeds - len(records)} of {count_of(seeds, 'training')}"
            yield f"{candidate.label}: {left} {'is' if seeds == 1 else 'are'} not recorded"
        yield from _untimed(trials, candidate, rounds[candidate.name])
    for search in trials.plan.study.searches:
        if trials.chosen(search) is None:
            yield f"{search.chosen_label}: no trial of the search reached its last epoch"


def _untimed(trials: FinishedTrials, candidate: Candidate, rounds: int) -> Iterator[str]:
    records = trials.timed(candidate).values()
    done = sum(record.status != "failed" for record in records)
    if done < rounds:
        yield f"{candidate.label}: timed in {done} of {count_of(rounds, 'round')}"
