"""The three actions of a study's command line: run, plan, report.

Ray and what draws take seconds to import, so each is imported where it is needed: a plan and a
report do without Ray, and a plan without figures.
"""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hw3.data import load_splits
from hw3.numerics import Numerics, choose_numerics
from hw3.splits import Splits
from study.cli.options import Options, command_line
from study.cluster.ray import (
    Resources,
    check_every_host_sees,
    connect,
    on_a_worker,
    trial_resources,
)
from study.search.plan import (
    Plan,
    about,
    check_study,
    core_seconds,
    has_plan,
    load_plan,
    make_plan,
    save_plan,
)
from study.search.trial import Job
from study.spec.errors import StudyError
from study.spec.registration import register_claims
from study.spec.study import Claim, Study
from study.stats.power import detectable_difference, seeds_needed
from study.store.checkpoints import CheckpointStore
from study.store.folder import Folder
from study.store.lock import hold_lock
from study.store.records import Record, RecordStore


def run_study(study: Study, options: Options, console: Console) -> None:
    """Explore, confirm, judge and report; whatever is recorded already is not trained again."""
    from study.cli.terminal import conclude
    from study.figures import check_figures

    check_study(study)
    check_figures(study)
    options.results.check_access()
    data = load_data(options)
    folder = options.results / study.name
    with ExitStack() as lock:
        with connect(options.address, options.verbose) as nodes:
            resources = trial_resources(
                nodes,
                options.cpus_per_trial,
                options.gpus_per_trial,
                options.max_concurrent,
                grows=options.address is not None,
            )
            if len(nodes) > 1:
                check_every_host_sees(options.results)
            plan = plan_run(study, options, data, run_numerics(options, resources))
            print_plan(study, plan, console, resources.concurrent)
            lock.enter_context(hold_lock(folder))
            plan = keep_what_was_known(study, plan, options.results)
            save_plan(plan, folder)
            seconds = _train(study, plan, data, options, resources, console)
        plan = replace(plan, seconds=seconds)
        save_plan(plan, folder)
        conclude(study, plan, options.results, console)


def show_plan(study: Study, options: Options, console: Console) -> None:
    """Say what a run would do; nothing is trained, started or written."""
    import torch

    check_study(study)
    gpus = options.gpus_per_trial
    uses_gpu = torch.cuda.is_available() if gpus is None else gpus > 0
    numerics = choose_numerics("cuda" if uses_gpu else "cpu", options.precision)
    plan = plan_run(study, options, load_data(options), numerics)
    processors = len(os.sched_getaffinity(0))
    print_plan(study, plan, console, options.max_concurrent or processors)


def rewrite_report(study: Study, options: Options, console: Console) -> None:
    """Judge and draw again from the records, as the folder's last run was planned."""
    (options.results / study.name).check_access()
    plan = load_plan(study, options.results)
    from study.cli.terminal import conclude

    with hold_lock(options.results / study.name):
        conclude(study, plan, options.results, console)


def run_numerics(options: Options, resources: Resources) -> Numerics:
    """As the workers' hosts have it, which on a cluster may not be as this one has it."""
    device = "cuda" if resources.gpus_per_trial else "cpu"
    if options.address is None:
        return choose_numerics(device, options.precision)
    return on_a_worker(resources, choose_numerics, device, options.precision)


def load_data(options: Options) -> Splits:
    budget = options.budget()
    return load_splits(options.data, budget.image_size, budget.phantoms)


def plan_run(study: Study, options: Options, data: Splits, numerics: Numerics) -> Plan:
    return make_plan(
        study, options.budget(), data, options.sampler, options.seed, numerics, command_line()
    )


def keep_what_was_known(study: Study, plan: Plan, results: Folder) -> Plan:
    """The plan of a run that starts now, with what its claims' author could know from earlier ones.

    Trainings that another study recorded do not count, nor do those of a smoke run, off which
    nobody can read an answer.
    """
    from study.report.outputs import count_confirmed

    now = datetime.now(UTC).isoformat(timespec="seconds")
    if not has_plan(study, results):
        return replace(plan, claims=register_claims(study.claims, (), 0, now))
    try:
        last = load_plan(study, results)
    except StudyError:  # damaged: what it kept is lost, what it trained is not
        last = plan
    known = last.known
    if last.budget.judged:
        known = max(known, count_confirmed(study, last, RecordStore(results)))
    return replace(plan, known=known, claims=register_claims(study.claims, last.claims, known, now))


def print_plan(study: Study, plan: Plan, console: Console, concurrent: int) -> None:
    """The plan as a table: searches, trials, epochs, seeds, time, detectable difference."""
    budget = plan.budget
    counts = ", ".join(f"{name} {sum(c.values())}" for name, c in plan.data.counts.items())
    size = plan.setting.image_size
    rows = [("data", f"{plan.data.location}: {counts} images of {size}x{size} pixels")]
    for search in study.searches:
        space = "; ".join(f"{name} {dim.describe()}" for name, dim in search.space.items())
        trials = f"{budget.trials} trials ({plan.setting.sampler})"
        rows.append(("search", f"{search.label}: {space}; {trials}"))
    trainings = plan.explorations(study) + plan.confirmations(study)
    rows += [
        ("confirm", f"{', '.join(study.labels().values())}; {budget.seeds} seeds each"),
        ("cost", f"at most {trainings} trainings of {budget.epochs} epochs"),
        ("time", _time_line(study, plan, concurrent)),
        ("claims", _claims_line(study.claims, budget.seeds, budget.judged)),
    ]
    grid = Table.grid(padding=(0, 2))
    for name, text in rows:
        grid.add_row(f"[bold]{name}[/bold]", escape(text))
    console.print(f"[bold]{escape(study.title)}[/bold]\n{escape(study.question)}", highlight=False)
    console.print(grid, highlight=False)


def _time_line(study: Study, plan: Plan, concurrent: int) -> str:
    together = f"{concurrent} trial{'s' if concurrent > 1 else ''} at a time"
    if plan.setting.numerics.device != "cpu":
        return f"not estimated for GPUs; {together}"
    return f"{about(core_seconds(study, plan) / concurrent)}, {together} (estimate)"


def _claims_line(claims: Sequence[Claim], seeds: int, judged: bool) -> str:
    """How many claims there are, and what so many seeds can say of them."""
    if not judged:
        return f"{len(claims)}, not judged: a smoke run only shows that everything works"
    counts = Counter(claim.sides for claim in claims)
    lines = [_sides_line(count, sides, len(claims), seeds) for sides, count in counts.items()]
    return "; ".join(lines) or "none"


def _sides_line(count: int, sides: int, claims: int, seeds: int) -> str:
    """The same of those claims, `count` of all, that are tested one-sided or two-sided."""
    said = f"{count} one-sided" if sides == 1 else str(count)
    needed = seeds_needed(claims, sides=sides)
    if seeds < needed:
        return f"{said}, not judged: {seeds} seeds are too few, they need {needed}"
    difference = detectable_difference(seeds, claims, sides=sides)
    return (
        f"{said}, judged at 5 % after Holm; {needed} seeds are needed. Detected with 80 % power: "
        f"differences of {difference:.1f} standard deviations over seeds"
    )


def _train(
    study: Study,
    plan: Plan,
    data: Splits,
    options: Options,
    resources: Resources,
    console: Console,
) -> float:
    """Run what is not recorded yet; the seconds it took."""
    import optuna

    from study.cli.progress import Progress
    from study.pool.dispatch import StudySearcher
    from study.pool.tuner import run_pool

    if not options.verbose:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    started = time.monotonic()
    store = RecordStore(options.results)
    checkpoints = CheckpointStore(options.results / study.name / "checkpoints")
    for swept in (store, checkpoints):
        swept.sweep()
    records = {record.key: record for record in store}
    searcher = StudySearcher(
        study,
        plan.setting,
        plan.budget,
        {key: record for key, record in records.items() if record.status != "failed"},
        _unfinished(checkpoints, records),
    )
    remaining = searcher.remaining()
    if any(remaining.values()):
        with Progress(console, remaining, plan.budget.epochs, study.labels()) as progress:
            run_pool(
                searcher, data, store, checkpoints, resources, options.epoch_timeout, [progress]
            )
    return time.monotonic() - started


def _unfinished(checkpoints: CheckpointStore, records: Mapping[str, Record]) -> list[Job]:
    """The trials that were under way when the last run ended; forgets those recorded since."""
    jobs = [Job(**job) for job in checkpoints.jobs()]
    for job in jobs:
        if job.key in records:
            checkpoints.delete(job.key)
    return [job for job in jobs if job.key not in records]
