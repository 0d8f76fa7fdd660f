"""Choose: what a plan's finished trials are, which configurations follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hw3.models import Shape
from study.search.costs import cost_of_trials
from study.search.matching import solved_config
from study.search.objective import WORST, rank_at
from study.search.plan import Plan
from study.search.trial import Job, Setting, config_of
from study.spec.search import Search
from study.spec.study import Study
from study.store.records import Record


@dataclass(frozen=True)
class Candidate:
    """A configuration that is trained on every confirmation seed.

    Attributes:
        name: of the baseline, or of the search that chose it.
        label: what figures and reports call it.
        family, config: what is trained.
    """

    name: str
    label: str
    family: str
    config: Mapping[str, Any]

    def jobs(self, setting: Setting, seeds: int) -> list[Job]:
        """A full-length training on each of the seeds, the same for every candidate."""
        return [
            Job("confirm", self.name, setting.confirm_ingredients(self.family, self.config, seed))
            for seed in setting.confirm_seeds(seeds)
        ]

    def timings(self, setting: Setting, rounds: int) -> list[Job]:
        """A training to be timed in each round: round n begins as the n-th confirmed one does."""
        return [
            Job("timing", self.name, setting.timing_ingredients(self.family, self.config, seed))
            for seed in setting.confirm_seeds(rounds)
        ]


@dataclass
class FinishedTrials:
    """The finished trials of a plan: what was explored, what was chosen, what was confirmed.

    Attributes:
        plan: of the run.
        records: all finished trials of the results folder by key, other studies' among them.
    """

    plan: Plan
    records: dict[str, Record]

    def explored(self, search: Search) -> list[Record]:
        """The search's trials within its budget, in the order of their proposal.

        An earlier run may have had a larger budget: what lies beyond this one's does not count, so
        that searches stay equal.
        """
        setting, trials = self.plan.setting, self.plan.budget.trials
        mine = [
            record
            for record in self.records.values()
            if record.provenance.get("number") is not None and setting.belongs_to(search, record)
        ]
        mine.sort(key=lambda record: record.provenance["number"])
        return [record for record in mine if record.provenance["number"] < trials]

    def chosen(self, search: Search) -> Candidate | None:
        """The full-length trial with the best objective at its end; None where there is none.

        A trial that was stopped, or diverged, or failed, or has no score is never chosen.
        """
        ranks = self._ranks(search)
        return self._candidate(search, search.name, min(ranks)[1]) if ranks else None

    def cheapest(self, search: Search) -> Candidate | None:
        """Of the full-length trials that are as near to the best as the search's front says, the
        one that costs least; None where there is none, or the search has no front."""
        if search.front is None or not (ranks := self._ranks(search)):
            return None
        cost_of = cost_of_trials(search, self.plan.shape)
        near = min(ranks)[0] + search.front.within
        costs = [(cost_of(self.records[key]), rank, key) for rank, key in ranks if rank <= near]
        return self._candidate(search, search.cheapest, min(costs)[-1])

    def choices(self, search: Search) -> list[Candidate]:
        """What the search chooses: the best, then the cheapest; empty where it can choose none."""
        found = (self.chosen(search), self.cheapest(search))
        return [candidate for candidate in found if candidate is not None]

    def _ranks(self, search: Search) -> list[tuple[float, str]]:
        """Rank and key of each trial that can be chosen."""
        objective = self.plan.setting.objective
        ranks = [
            (rank_at(objective, record.rows[-1]), record.key)
            for record in self.explored(search)
            if record.is_full_length
        ]
        return [(rank, key) for rank, key in ranks if rank != WORST]

    def _candidate(self, search: Search, name: str, key: str) -> Candidate:
        config = config_of(search, self.records[key])
        return Candidate(name, search.choices[name], search.family, config)

    @cached_property
    def baselines(self) -> list[Candidate]:
        """The study's baselines, those of equal scale solved for."""
        return baseline_candidates(self.plan.study, self.plan.shape)

    def candidates(self) -> list[Candidate]:
        """The baselines, then what the searches chose."""
        chosen = [one for search in self.plan.study.searches for one in self.choices(search)]
        return self.baselines + chosen

    def confirmed(self, candidate: Candidate) -> dict[int, Record]:
        """The candidate's finished trainings by the number of the confirmation seed, from 0."""
        return self._finished(candidate.jobs(self.plan.setting, self.plan.budget.seeds))

    def timed(self, candidate: Candidate) -> dict[int, Record]:
        """The candidate's finished timings by the number of the round, from 0."""
        return self._finished(candidate.timings(self.plan.setting, self.plan.budget.seeds))

    def _finished(self, jobs: list[Job]) -> dict[int, Record]:
        keys = {number: job.key for number, job in enumerate(jobs)}
        return {number: self.records[key] for number, key in keys.items() if key in self.records}


def baseline_candidates(study: Study, shape: Shape) -> list[Candidate]:
    """The study's baselines, those of equal scale solved for on data of this shape."""
    by_name = {baseline.name: baseline for baseline in study.baselines}
    return [
        Candidate(
            baseline.name,
            baseline.label,
            baseline.family,
            solved_config(baseline, by_name, shape),
        )
        for baseline in study.baselines
    ]
