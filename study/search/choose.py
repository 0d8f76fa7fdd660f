"""Choose: what a plan's finished trials are, which configurations follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hw3.models import Shape
from study.search.matching import solved_config
from study.search.objective import WORST, rank_of, value_of
from study.search.plan import Plan
from study.search.trial import Job, Setting, config_of
from study.spec.study import Search, Study
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
        objective = self.plan.setting.objective
        ranks = {
            (rank_of(objective, value_of(objective, record.rows[-1])), record.key): record
            for record in self.explored(search)
            if record.is_full_length
        }
        if not ranks or min(ranks)[0] == WORST:
            return None
        config = config_of(search, ranks[min(ranks)])
        return Candidate(search.name, search.chosen_label, search.family, config)

    @cached_property
    def baselines(self) -> list[Candidate]:
        """The study's baselines, those of equal scale solved for."""
        return baseline_candidates(self.plan.study, self.plan.shape)

    def candidates(self) -> list[Candidate]:
        """The baselines, then what the searches chose."""
        chosen = [self.chosen(search) for search in self.plan.study.searches]
        return self.baselines + [candidate for candidate in chosen if candidate is not None]

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
