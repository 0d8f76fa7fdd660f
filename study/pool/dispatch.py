"""What Tune asks during a study: which trial comes next, and which one stops early."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from study.search.choose import Confirmed, baseline_candidates, chosen_candidates, explored_records
from study.search.explore import Explorer
from study.search.trial import METRIC, Job, Setting
from study.spec.budget import Budget
from study.spec.study import Study
from study.store.records import Record


class Unsaved:
    """Saved as nothing: Tune pickles its parts for a restore that a study never makes."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class StudySearcher(Unsaved, Searcher):
    """Hands out the study's jobs: searches in turn while they explore, confirmations between.

    Exploration goes first, since choices wait for it; the reference points' confirmations fill
    the pool, and a search's choice joins them as soon as that search is over.
    """

    def __init__(
        self,
        study: Study,
        setting: Setting,
        budget: Budget,
        records: dict[str, Record],
        unfinished: Iterable[Job] = (),
    ):
        super().__init__(metric=METRIC, mode="min")
        self._study, self._setting, self._budget = study, setting, budget
        self.records = records
        self.searches = {
            search.name: Explorer(search, setting, budget.trials) for search in study.searches
        }
        broken_off = [job for job in unfinished if job.key not in records]
        for search in study.searches:
            self.searches[search.name].replay(
                explored_records(search, setting, budget, records),
                [job for job in broken_off if setting.is_explored(search, job)],
            )
        self._arm_of: dict[str, Explorer] = {}  # by Tune's trial id, explored trials only
        self._under_way: set[str] = set()  # Tune's trial ids
        self._turn = 0
        self._confirmed: set[str] = set()  # searches whose choice is in the queue
        self._handed_out: set[str] = set()
        self._queue: list[Job] = []
        for point in baseline_candidates(study, setting.image_size):
            self._enqueue(point)
        self._enqueue_chosen()

    def suggest(self, trial_id: str) -> Any:
        """The next job as a Tune configuration.

        None while trials are under way that may have consequences, a choice or a further try;
        Searcher.FINISHED after the last.
        """
        job = self._next_explored(trial_id)
        if job is None:
            self._enqueue_chosen()
            job = self._queue.pop(0) if self._queue else None
        if job is not None:
            self._under_way.add(trial_id)
            return asdict(job)
        return None if self._under_way else Searcher.FINISHED

    def remaining(self) -> dict[str, int]:
        """Trials still to be run by stage, at most: a choice may be a point known already."""
        explore = sum(search.remaining for search in self.searches.values())
        choices = len(self.searches) - len(self._confirmed)
        return {"explore": explore, "confirm": len(self._queue) + choices * self._budget.seeds}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        if trial_id in self._arm_of:
            self._arm_of[trial_id].on_trial_result(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        self._under_way.discard(trial_id)
        if trial_id in self._arm_of:
            self._arm_of[trial_id].on_trial_complete(trial_id, result, error)

    def learn(self, job: Job, record: Record) -> None:
        """Take a finished trial into account."""
        self.records[record.key] = record
        if job.stage == "explore":
            self.searches[job.candidate].learn(record)

    def take_back(self, job: Job) -> None:
        """Hand the job out once more: its trial ended, and has tries left."""
        if job.stage == "explore":
            self.searches[job.candidate].take_back(job)
        else:
            self._queue.insert(0, job)

    def save(self, checkpoint_path: str) -> None:
        """Write an empty file where Tune wants a state: the state is derived from the records."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        raise NotImplementedError("a study resumes from its records, never from Tune's snapshot")

    def _next_explored(self, trial_id: str) -> Job | None:
        searches = list(self.searches.values())
        for offset in range(len(searches)):
            search = searches[(self._turn + offset) % len(searches)]
            job = search.propose(trial_id) if search.remaining else None
            if job is not None:
                self._turn += offset + 1
                self._arm_of[trial_id] = search
                return job
        return None

    def _enqueue_chosen(self) -> None:
        over = {name for name, search in self.searches.items() if search.is_over}
        if over - self._confirmed:
            chosen = chosen_candidates(self._study, self._setting, self._budget, self.records)
            for name in sorted(over - self._confirmed):
                self._confirmed.add(name)
                if name in chosen:
                    self._enqueue(chosen[name])

    def _enqueue(self, point: Confirmed) -> None:
        """Queue what is neither recorded nor queued yet: points may share configurations."""
        for job in point.jobs(self._setting, self._budget.seeds):
            if job.key not in self.records and job.key not in self._handed_out:
                self._handed_out.add(job.key)
                self._queue.append(job)


class PrunedTrials(Unsaved, FIFOScheduler):
    """Each search's prunable trials under that search's ASHA; all others run to their end.

    One ASHA for all searches would compare families that learn at different speeds.
    """

    def __init__(self, schedulers: dict[str, TrialScheduler]):
        super().__init__()
        self._schedulers = schedulers
        self._seen: dict[str, int] = {}  # epochs told to ASHA, by Tune's trial id

    def _scheduler_of(self, trial: Trial) -> TrialScheduler | None:
        job = Job(**trial.config)
        return self._schedulers[job.candidate] if job.prunable else None

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """None, so that Tune gives an idle worker to a trial that has none, the oldest first.

        FIFOScheduler names the oldest that has not begun. An idle worker then takes it from the
        worker that is starting for it, and Tune ends that one: as long as trials end more often
        than a worker takes to start, hosts that come late never get to work.
        """
        return None

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        if scheduler := self._scheduler_of(trial):
            scheduler.on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict) -> str:
        scheduler = self._scheduler_of(trial)
        if scheduler is None:
            return TrialScheduler.CONTINUE
        self._catch_up(scheduler, tune_controller, trial, result["rows"])
        return scheduler.on_trial_result(tune_controller, trial, result)

    def _catch_up(
        self, scheduler: TrialScheduler, tune_controller: Any, trial: Trial, rows: list[dict]
    ) -> None:
        """Put a resumed trial's epochs before its latest into the rungs; it survived them."""
        seen = self._seen.get(trial.trial_id, 0)
        for row in rows[seen:-1]:
            scheduler.on_trial_result(tune_controller, trial, row)
        self._seen[trial.trial_id] = max(seen, len(rows))

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict) -> None:
        scheduler = self._scheduler_of(trial)
        if scheduler is None:
            return
        self._catch_up(scheduler, tune_controller, trial, result["rows"])
        if result["status"] == "diverged":  # its loss would poison the rung
            scheduler.on_trial_remove(tune_controller, trial)
        else:
            scheduler.on_trial_complete(tune_controller, trial, result)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        if scheduler := self._scheduler_of(trial):
            scheduler.on_trial_remove(tune_controller, trial)
