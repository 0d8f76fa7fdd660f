"""The three actions of a study's command line: run, plan, report."""

import time
from contextlib import ExitStack

import optuna
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hw3.data import load_splits
from hw3.splits import Splits
from study.checkpoints import CheckpointStore
from study.cluster import Resources, connect, trial_resources
from study.lock import hold_lock
from study.options import Options, command_line
from study.outputs import write_outputs
from study.plan import Plan, core_seconds, load_plan, make_plan, save_plan
from study.pool import StudySearcher, run_pool
from study.progress import Progress
from study.records import RecordStore
from study.report import verdict_rows
from study.signflip import detectable_difference, seeds_needed
from study.spec import Study
from study.trial import Job


def run_study(study: Study, options: Options, console: Console) -> None:
    """Explore, confirm, judge and report; whatever is recorded already is not trained again."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    data = _load(options)
    store, folder = RecordStore(options.results), options.results / study.name
    checkpoints = CheckpointStore(options.results.absolute())  # workers run elsewhere
    with ExitStack() as lock:
        with connect(options.address, options.verbose) as available:
            resources = trial_resources(
                available, options.cpus_per_trial, options.gpus_per_trial, options.max_concurrent
            )
            plan = _plan(study, options, data, "cuda" if resources.gpus_per_trial else "cpu")
            print_plan(study, plan, console, resources.concurrent)
            lock.enter_context(hold_lock(folder))
            save_plan(plan, folder)
            seconds = _train(study, plan, data, store, checkpoints, resources, console)
        _conclude(study, plan, store, options, console, seconds)


def show_plan(study: Study, options: Options, console: Console) -> None:
    """Say what a run would do; nothing is trained, started or written."""
    import torch

    gpus = options.gpus_per_trial
    uses_gpu = torch.cuda.is_available() if gpus is None else gpus > 0
    plan = _plan(study, options, _load(options), "cuda" if uses_gpu else "cpu")
    print_plan(study, plan, console, options.max_concurrent or 1)


def rewrite_report(study: Study, options: Options, console: Console) -> None:
    """Judge and draw again from the records of the folder's last run."""
    plan = load_plan(options.results / study.name)
    with hold_lock(options.results / study.name):
        _conclude(study, plan, RecordStore(options.results), options, console, seconds=None)


def print_plan(study: Study, plan: Plan, console: Console, concurrent: int) -> None:
    """The plan as a table: arms, trials, epochs, seeds, time, detectable difference."""
    budget, claims = plan.budget, len(study.claims)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column()
    counts = ", ".join(f"{name} {sum(c.values())}" for name, c in plan.data.counts.items())
    size = plan.setting.image_size
    grid.add_row("data", f"{plan.data.location}: {counts} images of {size}x{size} pixels")
    for arm in study.arms:
        space = "; ".join(f"{name} {dim.describe()}" for name, dim in arm.space.items())
        grid.add_row("search", f"{arm.label}: {space}; {budget.trials} trials ({plan.sampler})")
    points = ", ".join(study.labels().values())
    grid.add_row("confirm", f"{points}; {budget.seeds} seeds each")
    trainings = plan.explorations(study) + plan.confirmations(study)
    minutes = core_seconds(study, plan) / concurrent / 60
    grid.add_row("cost", f"at most {trainings} trainings of {budget.epochs} epochs")
    grid.add_row("time", f"about {minutes:.0f} min, {concurrent} trials at a time (estimate)")
    grid.add_row("claims", _claims_line(claims, budget.seeds, budget.judged))
    console.print(f"[bold]{study.title}[/bold]\n{study.question}", highlight=False)
    console.print(grid, highlight=False)


def print_verdicts(rows: list[dict[str, str]], console: Console) -> None:
    """Each claim with its verdict, and below it what was found."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for row in rows:
        found = f"{row['found']} ({row['interval']}), {row['n']} seeds, p {row['p']} after Holm"
        details = [found] * (row["n"] != "0") + [row["reason"]] * bool(row["reason"])
        grid.add_row(f"{row['symbol']} {row['verdict']}", escape(row["text"]))
        grid.add_row("", f"[dim]{escape('; '.join(details))}[/dim]")
    console.print("[bold]Verdicts[/bold] (mean over seeds, its 95 % interval)", highlight=False)
    console.print(grid, highlight=False)


def _claims_line(claims: int, seeds: int, judged: bool) -> str:
    if not judged:
        return f"{claims}, not judged: a smoke run only shows that everything works"
    needed = seeds_needed(claims)
    if seeds < needed:
        return f"{claims}, not judged: {seeds} seeds are too few, they need {needed}"
    difference = detectable_difference(seeds, claims)
    return (
        f"{claims}, judged at 5 % after Holm; {needed} seeds are needed. Detected with 80 % power: "
        f"differences of {difference:.1f} standard deviations over seeds"
    )


def _load(options: Options) -> Splits:
    budget = options.budget()
    return load_splits(options.data, budget.image_size, budget.phantoms)


def _plan(study: Study, options: Options, data: Splits, device: str) -> Plan:
    return make_plan(study, options.budget(), data, options.sampler, options.seed, device)


def _train(
    study: Study,
    plan: Plan,
    data: Splits,
    store: RecordStore,
    checkpoints: CheckpointStore,
    resources: Resources,
    console: Console,
) -> float:
    """Run what is not recorded yet; the seconds it took."""
    started = time.monotonic()
    records = {record.key: record for record in store}
    unfinished = [Job(**job) for job in checkpoints.jobs()]
    searcher = StudySearcher(study, plan.setting, plan.budget, plan.sampler, records, unfinished)
    remaining = searcher.remaining()
    if any(remaining.values()):
        with Progress(console, remaining, plan.budget.epochs, study.labels()) as progress:
            run_pool(searcher, data, store, checkpoints, resources, [progress])
    return time.monotonic() - started


def _conclude(
    study: Study,
    plan: Plan,
    store: RecordStore,
    options: Options,
    console: Console,
    seconds: float | None,
) -> None:
    folder = options.results / study.name
    verdicts, report = write_outputs(study, plan, store, folder, command_line(), seconds)
    print_verdicts(verdict_rows(study, verdicts), console)
    console.print(f"report: {report}", highlight=False, soft_wrap=True)
