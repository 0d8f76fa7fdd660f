"""The three actions of a study's command line: run, plan, report.

Ray and what draws take seconds to import, so each is imported where it is needed: help and wrong
usage do without either, a plan and a report without Ray.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from rich.console import Console

from hw3.data import PHANTOM, load_splits, phantom_location
from hw3.numerics import Numerics, choose_numerics
from hw3.splits import Splits
from hw3.text import printable
from study.cli.executors import EXECUTORS, check_executor, device_here, planned_resources
from study.cli.fusing import check_fuse, planned_fused
from study.cli.memory import check_gpu_memory
from study.cli.options import PLAN_ONLY, Options, command_line
from study.search.choose import FinishedTrials
from study.search.looks import looks_of
from study.search.plan import Plan, describe_data, load_plan, make_setting, save_plan
from study.search.tuning import planned_study
from study.search.weights import GB, WeightsPlan, describe_plan, plan_weights
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.spec.study import Study
from study.store.folder import Folder
from study.store.lock import hold_lock
from study.store.provenance import provenance
from study.store.records import RecordStore


def run_study(study: Study, options: Options, console: Console) -> None:
    """Explore, confirm, judge and report; whatever is recorded already is not trained again.

    Raises:
        StudyError: the study cannot run, or cannot go on, or trainings of its candidates failed.
        hw3.splits.DataError: the data cannot be used.
        OSError: results cannot be written.
    """
    from study.cli.check import check_models
    from study.cli.terminal import conclude, print_plan

    _refuse_plan_only(options)
    _check(study, options)
    aside = _aside(options, console)
    aside.print(f"Loading the data{_and_ray(options)} …", style="dim", highlight=False)
    from study.cli.progress import Progress
    from study.cli.train import train  # after the line above: it takes seconds

    data = load_data(options)
    folder = options.results / study.name
    with ExitStack() as lock:
        check_models(study, data.shape)
        with EXECUTORS[options.workers](options) as executor:
            plan = make_plan(study, options, data, executor.numerics)
            check_gpu_memory(plan, options)
            weights = _weights_of(plan, options)
            words = describe_plan(weights, plan, options.weights_limit * GB)
            fused = planned_fused(plan, options, executor.resources.concurrent)
            print_plan(plan, aside, executor.resources, words, fused)
            lock.enter_context(hold_lock(folder))
            progress = lock.enter_context(Progress(plan, aside, folder))
            plan = replace(plan, seconds=_earlier_seconds(plan, options.results))
            save_plan(plan, folder)
            seconds = train(plan, data, options, executor, console, weights, progress)
        if seconds is not None:
            plan = replace(plan, seconds=(plan.seconds or 0.0) + seconds)
        save_plan(plan, folder)
        missing = conclude(plan, options.results, console, data, options.hide_images, options.quiet)
        _check_complete(plan, missing, "the same command tries again what failed")


def _aside(options: Options, console: Console) -> Console:
    """Where that is said which -q leaves out."""
    return Console(quiet=True) if options.quiet else console


def _and_ray(options: Options) -> str:
    """What is done for Ray at first: the address may be one that RAY_ADDRESS has."""
    if options.workers != "ray":
        return ""
    from study.cluster.ray import wanted_address

    address = wanted_address(options.address)
    return f" and joining the Ray at {printable(mask(address))}" if address else ""


def show_plan(study: Study, options: Options, console: Console) -> None:
    """Say what a run would do and find its mistakes; nothing is trained, started or written.

    Raises:
        StudyError: the study has mistakes, or could not run so.
        hw3.splits.DataError: the data cannot be used.
    """
    from study.cli.check import check_models
    from study.cli.terminal import print_plan

    _check(study, options)
    resources = planned_resources(options)
    numerics = choose_numerics(device_here(options), options.precision)
    data = load_data(options)
    check_models(study, data.shape)
    plan = make_plan(study, options, data, numerics)
    check_gpu_memory(plan, options)
    words = describe_plan(_weights_of(plan, options), plan, options.weights_limit * GB)
    fused = planned_fused(plan, options, resources.concurrent)
    print_plan(plan, _aside(options, console), resources, words, fused)
    if options.simulate_workers is not None:
        from study.cli.simulate import describe_simulated, simulate

        took = simulate(plan, options.simulate_workers, options.seconds_per_epoch)
        said = describe_simulated(plan, took, options.price)
        console.print(f"simulated: {said}", highlight=False)


def rewrite_report(study: Study, options: Options, console: Console) -> None:
    """Judge and draw again from the records, as the folder's last run was planned.

    Raises:
        StudyError: there was no run, another driver is at work, or trainings are missing.
        OSError: the report cannot be written.
    """
    _refuse_plan_only(options)
    _check_access(study, options.results)
    plan = _with_reporter(load_plan(study, options.results, options.command))
    from study.cli.check import check_models, check_study
    from study.cli.terminal import conclude

    check_study(study, plan.budget, with_figures=False)
    check_models(study, plan.shape, with_figures=False)
    with hold_lock(options.results / study.name):
        missing = conclude(plan, options.results, console, quiet=options.quiet)
    _check_complete(plan, missing, "run trains what is missing")


def _with_reporter(plan: Plan) -> Plan:
    """The plan, with the commit of the code that judges and draws where another one trained."""
    made, here = plan.provenance, provenance()
    if all(made.get(name) == here[name] for name in ("commit", "dirty")):
        return plan
    dirty = ", with uncommitted changes" if here["dirty"] else ""
    report = {"judged and drawn by": f"commit {here['commit'] or 'not known'}{dirty}"}
    return replace(plan, provenance={**made, **report})


def _check_complete(plan: Plan, missing: Sequence[str], remedy: str) -> None:
    """Raise StudyError where trainings of the candidates failed or are missing."""
    if missing:
        raise StudyError(
            f"{plan.study.name} is not complete:\n  "
            + "\n  ".join(missing)
            + f"\nThe report shows what there is; {remedy}."
        )


def _refuse_plan_only(options: Options) -> None:
    """Raise StudyError for what only `plan` can do."""
    for name in PLAN_ONLY:
        if getattr(options, name) is not None:
            raise StudyError(
                f"--{name.replace('_', '-')} is an option of plan, which trains nothing: write "
                "plan before the options"
            )


def _check(study: Study, options: Options) -> None:
    """Find what is wrong with the study, the options or the results folder, before it costs."""
    from study.cli.check import check_reproducible, check_study
    from study.viewers.check import check_viewers

    check_study(study, options.budget(), True, options.sampler)
    check_reproducible(options.sampler, options.reproducible)
    check_executor(options)
    check_fuse(options)
    check_viewers(options.results, options.tensorboard, options.mlflow)
    _check_access(study, options.results)


def _check_access(study: Study, results: Folder) -> None:
    for folder in (results / study.name, RecordStore(results).folder):
        folder.check_access()


def load_data(options: Options) -> Splits:
    """The data; of phantoms as many as the profile says, unless their location says so."""
    budget, location = options.budget(), options.data
    if location == PHANTOM:
        location = phantom_location(budget.phantoms)
    names = [name.strip() for name in options.classes.split(",")] if options.classes else ()
    return load_splits(location, budget.image_size, names)


def make_plan(study: Study, options: Options, data: Splits, numerics: Numerics) -> Plan:
    """The plan of a run on this data.

    Raises:
        hw3.splits.DataError: the data cannot be split as the options say.
    """
    budget, resampled = options.budget(), options.splits == "resampled"
    searched = options.sampler, resampled, study.objective, options.reproducible
    setting = make_setting(data, budget, numerics, options.seed, *searched)
    plan = Plan(
        planned_study(study, data.shape),
        budget,
        setting,
        describe_data(data),
        weights=options.keep_weights,
        command=options.script or command_line(),
        provenance=provenance(),
    )
    records = {record.key: record for record in RecordStore(options.results)}
    return replace(plan, looks=looks_of(FinishedTrials(plan, records)))


def _earlier_seconds(plan: Plan, results: Folder) -> float | None:
    """Wall-clock time of the earlier runs of the same setting; None where none reached its end."""
    try:
        last = load_plan(plan.study, results)
    except StudyError:  # there is none that can be read
        return None
    return last.seconds if last.setting == plan.setting else None


def _weights_of(plan: Plan, options: Options) -> WeightsPlan:
    return plan_weights(plan, options.weights_limit * GB)
