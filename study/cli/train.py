"""The trainings of a run: what is not recorded yet, and what became of it."""

import time
from collections.abc import Mapping, Sequence

import optuna
from rich.console import Console
from rich.markup import escape

from hw3.splits import Splits
from hw3.text import count_of, printable, were
from study.cli.executors import Executor
from study.cli.fusing import fusing_of
from study.cli.options import Options
from study.cli.progress import Progress
from study.cli.tasks import claims_of_others
from study.judge import wanted_seeds
from study.pool.dispatch import Dispatcher
from study.pool.failures import Failures
from study.pool.recorder import Recorder
from study.pool.session import Session
from study.pool.weights import WeightsKeeper, WeightsWatch
from study.search.agreement import check_agreement
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.search.trial import Job, job_from
from study.search.weights import WeightsPlan, missing_weights
from study.spec.errors import StudyError, error_line
from study.spec.secrets import mask
from study.spec.study import Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import Folder
from study.store.records import Record, RecordStore
from study.store.weights import WeightsStore
from study.table.members import study_members
from study.table.rows import make_table
from study.viewers.feed import fed
from study.viewers.viewers import make_viewers

FAILURE = "failure.txt"  # in the study's folder: the whole error that ended the last run


def train(
    plan: Plan,
    data: Splits,
    options: Options,
    executor: Executor,
    console: Console,
    weights: WeightsPlan,
    progress: Progress,
) -> float | None:
    """Run what is not recorded yet; the seconds it took, None where nothing was left to train."""
    if not options.verbose:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
    store = RecordStore(options.results)
    folder = options.results / plan.study.name
    folder.delete(FAILURE)
    checkpoints = CheckpointStore(folder / "checkpoints")
    kept = WeightsStore(options.results)
    for swept in (store, checkpoints, kept):
        swept.sweep()
    records = {record.key: record for record in store}
    trials = FinishedTrials(plan, records)
    check_agreement(trials)
    if options.remake_weights:
        _forget_without_weights(trials, kept, weights)
    dispatcher = Dispatcher(trials, _unfinished(checkpoints, records), _wanted_seeds)
    progress.expect(dispatcher.remaining, dispatcher.finished)
    viewers = make_viewers(
        plan, folder, dispatcher, progress.sentence, options.tensorboard, options.mlflow
    )
    if not any(dispatcher.remaining().values()):
        count = len({member.record.key for member in study_members(trials)})
        all_of_them = "The only training is" if count == 1 else f"All {count} trainings are"
        progress.skip_training(f"{all_of_them} recorded already; nothing to train.")
        with fed(viewers):  # which may not know all of them
            return None
    started = time.monotonic()
    keeper = WeightsKeeper(options.results, plan.study.name, plan.weights, weights.candidates)
    watch = WeightsWatch(keeper, records)
    recorder = Recorder(store, checkpoints, plan, claims_of_others(plan.study.name))
    with progress.training(), fed(viewers) as feeds:
        fusing = fusing_of(plan, options, executor)
        session = Session(dispatcher, recorder, [progress, watch, *feeds], fusing)
        with progress.stopping():
            executor.run(session, data, checkpoints, keeper)
            _check_progress(session.failures, plan.study, folder)
    recorder.forget_stopped()
    _say_given_up(session.failures, plan.study, console)
    _say_not_kept(watch.failures, console)
    return time.monotonic() - started


def _check_progress(failures: Failures, study: Study, folder: Folder) -> None:
    """Raise StudyError where all trials failed with one error; its whole text goes into a file."""
    if failures.are_all:
        folder.write(FAILURE, mask(failures.first).encode(errors="backslashreplace"))
        raise StudyError(
            f"{study.name} cannot be trained: no training got through an epoch, and all "
            f"{failures.count} that were tried failed with the same error:\n  "
            f"{error_line(failures.first)}\nThe whole error is in {folder}/{FAILURE}. Fix its "
            "cause, then run the same command again: it tries again what failed."
        )


def _say_given_up(failures: Failures, study: Study, console: Console) -> None:
    names = study.labels() | {search.name: search.label for search in study.searches}
    for name, count in failures.given_up.items():
        console.print(
            f"{escape(printable(names[name]))} was given up for this run: "
            f"{count_of(count, 'training')} in a row "
            "failed with the same error, none got through an epoch",
            highlight=False,
            soft_wrap=True,
        )


def _forget_without_weights(
    trials: FinishedTrials, kept: WeightsStore, weights: WeightsPlan
) -> None:
    """Take those trainings whose weights are wanted and missing for not recorded: they are trained
    again, and their records, which are whole, stay as they are."""
    labels = {trials.plan.study.labels()[name] for name in weights.candidates}
    for label, keys in missing_weights(trials, kept.kept()).items():
        for key in keys if label in labels else ():
            trials.records.pop(key, None)


def _say_not_kept(failures: Sequence[str], console: Console) -> None:
    if failures:
        console.print(
            f"weights of {were(len(failures), 'training')} not kept, and every training is "
            f"recorded: {escape(printable(mask(failures[0])))}. Afterwards --remake-weights makes "
            "them",
            highlight=False,
            soft_wrap=True,
        )


def _wanted_seeds(trials: FinishedTrials) -> Mapping[str, int]:
    """How many confirmation seeds each candidate should have by now."""
    return wanted_seeds(trials.plan, make_table(study_members(trials)))


def _unfinished(checkpoints: CheckpointStore, records: Mapping[str, Record]) -> list[Job]:
    """The trials that were under way when the last run ended; forgets those recorded since."""
    jobs = list(checkpoints.jobs(job_from))
    for job in jobs:
        if job.key in records:
            checkpoints.delete(job.key)
    return [job for job in jobs if job.key not in records]
