"""Which job comes next, which trial stops early, and what follows from one that has ended."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from study.pool.fusing import Fusing, is_alike
from study.search.choose import Candidate, FinishedTrials
from study.search.costs import cost_of_trials
from study.search.explore import Explorer
from study.search.optuna_trials import is_point
from study.search.plan import Plan
from study.search.timing import due_timings, rounds_of
from study.search.trial import Job
from study.spec.search import Search
from study.store.records import STOPPED_AT, Record

Wanted = Callable[[FinishedTrials], Mapping[str, int]]


def all_seeds(trials: FinishedTrials) -> dict[str, int]:
    """All seeds of the budget for every candidate."""
    return dict.fromkeys(trials.plan.study.labels(), trials.plan.budget.seeds)


class Dispatcher:
    """Hands out a study's jobs: searches in turn while they explore, confirmations between.

    Exploration goes first, since choices wait for it; the baselines' confirmations fill the pool,
    and what a search chose joins them as soon as that search is over. When all confirmations that
    were wanted have ended, the timings follow, one at a time while nothing else is under way; then
    it is asked anew how many confirmations are wanted.

    Args:
        trials: the finished trials. Those that failed are tried again, under their numbers.
        unfinished: trials that were under way when the last run ended.
        wanted: gives the number of confirmation seeds that each candidate should have by now, by
            its name; never fewer than before.

    Attributes:
        proven: names of the searches and baselines of which a trial got through an epoch before.
    """

    def __init__(
        self,
        trials: FinishedTrials,
        unfinished: Iterable[Job] = (),
        wanted: Wanted = all_seeds,
    ):
        self.proven = _proven(trials)
        failed = {key: one for key, one in trials.records.items() if one.status == "failed"}
        trials = FinishedTrials(
            trials.plan, {key: one for key, one in trials.records.items() if key not in failed}
        )
        self._trials, self._budget = trials, trials.plan.budget
        self._setting = trials.plan.setting
        interrupted = [job for job in unfinished if job.key not in trials.records]
        self.explorers: dict[str, Explorer] = {}  # by the search's name
        for search in trials.plan.study.searches:
            explored = trials.explored(search)
            resumed = [
                replace(job, candidate=search.name)  # it may have had another name
                for job in interrupted
                if self._setting.belongs_to(search, job) and is_point(search, job)
            ]
            known = {job.key for job in resumed}
            again = FinishedTrials(trials.plan, failed).explored(search)
            resumed += [_retry(search, record) for record in again if record.key not in known]
            self.explorers[search.name] = Explorer(
                search,
                self._setting,
                self._budget.trials,
                explored,
                resumed,
                cost_of_trials(search, trials.plan.shape),
            )
        self._under_way: dict[str, Job] = {}  # by key
        self._turn = 0
        self._settled: dict[str, Candidate] = {c.name: c for c in trials.baselines}
        self._without: set[str] = set()  # searches that chose nothing, and what was given up
        self._queued: set[str] = set()  # keys that are or were in the queue
        self._queue: list[Job] = []
        self._to_time: list[Job] = []
        self._ask, self._wanted, self._is_new = wanted, wanted(trials), False
        self._enqueue_chosen()
        self._enqueue_wanted()

    @property
    def plan(self) -> Plan:
        """The plan whose jobs these are."""
        return self._trials.plan

    def next_job(self, held: Collection[str] = ()) -> Job | None:
        """The next job; None where there is none now, or, if `is_over`, none any more.

        Args:
            held: names of the searches and candidates whose turn is not to come now.
        """
        job = self._next_explored(held)
        if job is None:
            self._enqueue_chosen()
            self._ask_again()
            job = self._next_queued(held) or self._next_timed()
        if job is not None:
            self._under_way[job.key] = job
        return job

    def next_like(self, job: Job, fusing: Fusing) -> list[Job]:
        """Further confirmations that differ from the job by seed alone, to be trained as one with
        it; empty for a job of another stage.

        Args:
            job: that `next_job` gave.
        """
        if job.stage != "confirm":
            return []
        most = fusing(job, len(self._queue) + 1)
        alike = (other for other in self._queue if is_alike(job, other))
        others = list(islice(alike, most - 1))  # where each is alone, none is looked at
        for other in others:
            self._queue.remove(other)
            self._under_way[other.key] = other
        return others

    @property
    def finished(self) -> FinishedTrials:
        """What has ended, with what there was before."""
        return self._trials

    @property
    def is_over(self) -> bool:
        """Whether, after `next_job` gave none, none will follow: a trial under way may still have
        a choice or another try as its consequence."""
        return not self._under_way

    def stops(self, job: Job, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the trial ends after these epochs, all that it has."""
        return job.stage == "explore" and self.explorers[job.candidate].stops(job, rows)

    def finish(self, job: Job, record: Record) -> None:
        """Take a finished trial into account."""
        self._under_way.pop(job.key, None)
        self._trials.records[record.key] = record
        self._to_time = [each for each in self._to_time if each.key != record.key]
        self._is_new = True
        if job.stage == "explore":
            self.explorers[job.candidate].finish(record)

    def requeue(self, job: Job) -> None:
        """Hand the job out once more: its trial ended without a result, and has tries left."""
        self._under_way.pop(job.key, None)
        if job.stage == "explore":
            self.explorers[job.candidate].requeue(job)
        elif job.stage == "confirm" and job.candidate not in self._without:
            self._queue.insert(0, job)

    def give_up(self, name: str) -> None:
        """Hand out no more jobs of a search or a candidate; those under way go on."""
        if name in self.explorers:
            self.explorers[name].give_up()
        self._settled.pop(name, None)
        self._without.add(name)
        self._queue = [job for job in self._queue if job.candidate != name]
        self._to_time = [job for job in self._to_time if job.candidate != name]

    def remaining(self) -> dict[str, int]:
        """Number of trials that have not ended, by stage. Less where a search chooses what is
        trained already, more where claims are still open after a look."""
        running = Counter(job.stage for job in self._under_way.values())
        explore = sum(explorer.remaining for explorer in self.explorers.values())
        still_open = [
            name for one in self._open_searches() for name in self.explorers[one].search.choices
        ]
        confirm = len(self._queue) + sum(self._wanted[name] for name in still_open)
        timing = sum(rounds_of(self.plan, self._wanted)[name] for name in still_open)
        return {
            "explore": explore + running["explore"],
            "confirm": confirm + running["confirm"],
            "timing": timing + len(self._to_time),
        }

    def _next_queued(self, held: Collection[str]) -> Job | None:
        job = next((job for job in self._queue if job.candidate not in held), None)
        if job is not None:
            self._queue.remove(job)
        return job

    def _next_explored(self, held: Collection[str]) -> Job | None:
        explorers = [each for name, each in self.explorers.items() if name not in held]
        for offset in range(len(explorers)):
            explorer = explorers[(self._turn + offset) % len(explorers)]
            job = explorer.propose() if explorer.remaining else None
            if job is not None:
                self._turn += offset + 1
                return job
        return None

    def _enqueue_chosen(self) -> None:
        for name in sorted(self._open_searches()):
            if not self.explorers[name].is_over:
                continue
            choices = self._trials.choices(self.explorers[name].search)
            if not choices:
                self._without.add(name)
            for chosen in choices:
                self._settled[chosen.name] = chosen
                self._enqueue(chosen)

    def _open_searches(self) -> set[str]:
        """Names of those that have not chosen yet, and will."""
        return self.explorers.keys() - self._settled.keys() - self._without

    def _ask_again(self) -> None:
        """Ask how many seeds are wanted, once all that were have ended; while nothing explores,
        also once they are timed."""
        stages = {job.stage for job in self._under_way.values()}
        is_timing = self._to_time and "explore" not in stages
        if self._is_new and not self._queue and "confirm" not in stages and not is_timing:
            self._is_new = False
            self._wanted = self._ask(self._trials)
            self._enqueue_wanted()

    def _next_timed(self) -> Job | None:
        """The next timing, once nothing else is under way."""
        return self._to_time[0] if self._to_time and not self._under_way else None

    def _enqueue_wanted(self) -> None:
        for candidate in self._settled.values():
            self._enqueue(candidate)

    def _enqueue(self, candidate: Candidate) -> None:
        """Queue what is neither recorded nor queued yet: candidates may share configurations."""
        for job in candidate.jobs(self._setting, self._wanted[candidate.name]):
            if job.key not in self._trials.records and job.key not in self._queued:
                self._queued.add(job.key)
                self._queue.append(job)
        rounds = rounds_of(self.plan, self._wanted)
        self._to_time = list(due_timings(self._trials, self._settled.values(), rounds))


def _proven(trials: FinishedTrials) -> set[str]:
    """Names of the searches and baselines of which a recorded trial got through an epoch."""
    found = {search.name: trials.explored(search) for search in trials.plan.study.searches}
    found |= {each.name: [*trials.confirmed(each).values()] for each in trials.baselines}
    return {name for name, records in found.items() if any(record.rows for record in records)}


def _retry(search: Search, record: Record) -> Job:
    """The job of an explored trial that failed."""
    return Job(
        stage="explore",
        candidate=search.name,
        ingredients=dict(record.ingredients),
        params=dict(record.params),
        number=record.provenance["number"],
        prunable=record.pruned_by == "asha",
        stopped_at=record.provenance.get(STOPPED_AT),
    )
