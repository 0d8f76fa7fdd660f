"""What the terminal shows before and after a run: the plan, and the verdicts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hw3.splits import Splits
from hw3.text import count_of, printable
from study.cli.estimate import training_seconds
from study.cluster.resources import Resources
from study.search.caveats import describe_caveats
from study.search.choose import FinishedTrials
from study.search.plan import Plan, describe_splits
from study.search.registered import claim_notes, describe_notes
from study.search.registration import study_digest
from study.search.timing import plan_rounds
from study.search.trial import TIMED_EPOCHS
from study.search.tried import describe_tried
from study.search.weights import describe_weights
from study.spec.durations import describe_time
from study.spec.errors import error_line
from study.spec.study import LOSS, Study
from study.stats.power import MAX_SEEDS, detectable_share, in_deviations, needed_at, seeds_needed
from study.stats.rule import Rule
from study.store.folder import Folder
from study.store.records import RecordStore
from study.store.weights import WeightsStore
from study.table.formatting import column_name

if TYPE_CHECKING:
    from study.judge import Verdict  # imports pandas and what it needs, for a plan of no use


def print_plan(
    plan: Plan,
    console: Console,
    resources: Resources,
    weights: str | None = None,
    fused: int = 1,
) -> None:
    """The plan as a table: searches, trials, epochs, seeds, time, detectable difference. Below it
    what the data cannot show.

    Args:
        resources: of its trials, so many of which run at a time.
        weights: what is kept of them, in words.
        fused: number of confirmations that are trained as one, at most.
    """
    study, budget = plan.study, plan.budget
    counts = ", ".join(f"{name} {sum(c.values())}" for name, c in plan.data.counts.items())
    rows = [("data", f"{plan.data.location}: {counts} {plan.shape.describe()}")]
    rows += [*_search_lines(plan), *_tuning_line(plan)]
    trainings = count_of(plan.explorations + plan.confirmations, "training")
    rows += [
        ("confirm", _confirm_line(plan)),
        *_fuse_line(fused),
        *_timing_line(plan),
        ("splits", describe_splits(plan)),
        ("cost", f"at most {trainings} of {count_of(budget.epochs, 'epoch')}"),
        ("time", _time_line(plan, resources, fused)),
        *[("weights", weights)] * bool(weights),
        ("claims", _claims_line(plan)),
        ("digest", _digest_line(study)),
    ]
    grid = Table.grid(padding=(0, 2))
    for name, text in rows:
        grid.add_row(f"[bold]{name}[/bold]", escape(printable(text)))
    console.print(f"[bold]{escape(study.title)}[/bold]\n{escape(study.question)}", highlight=False)
    console.print(grid, highlight=False)
    for caveat in describe_caveats(plan):
        console.print(f"warning: {escape(caveat)}", highlight=False)


def _search_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """One for each space: what is tuned of several candidates is often the same."""
    labels: dict[tuple[str, str], list[str]] = {}
    for search in plan.study.searches:
        space = "; ".join(f"{name} {dim.describe()}" for name, dim in search.space.items())
        front = f", and for the cheapest {search.front.describe()}" if search.front else ""
        labels.setdefault((space, front), []).append(search.label)
    for (space, front), of_space in labels.items():
        each = " each" * (len(of_space) > 1)
        trials = f"{count_of(plan.budget.trials, 'trial')}{each} ({plan.setting.sampler})"
        if plan.setting.objective != LOSS:
            trials += f" for the best {column_name(plan.setting.objective)}"
        yield "search", f"{'; '.join(of_space)}: {space}; {trials}{front}"


def _tuning_line(plan: Plan) -> Iterator[tuple[str, str]]:
    """Nothing where nothing is tuned."""
    searches = [search for search in plan.study.searches if search.tunes]
    if searches:
        trials = len(searches) * plan.budget.trials
        yield (
            "tuning",
            f"{', '.join(plan.study.tune)} of {count_of(len(searches), 'candidate')}, "
            f"{count_of(trials, 'trial')} of those above: claims are judged tuned, and "
            "beside it untuned, which has no part in the 5 %",
        )


def _time_line(plan: Plan, resources: Resources, fused: int = 1) -> str:
    together = resources.describe()
    seconds = training_seconds(plan, resources.concurrent, resources.gpus_per_trial or 1.0, fused)
    on_gpus = plan.setting.numerics.device == "cuda"
    if seconds is None:
        unknown = ", or no GPU could be measured here" * on_gpus
        return f"not estimated, as the costs of models are not known{unknown}; {together}"
    said = describe_time(seconds)
    kind = "rough estimate, for GPUs" if on_gpus else "estimate"
    return f"{said} of training ({kind}), {together}; start and report take about 30 s more"


def _confirm_line(plan: Plan) -> str:
    labels, unclaimed, budget = plan.study.labels(), plan.unclaimed, plan.budget
    first = max((plan.first_seeds(name) for name in labels), default=budget.seeds)
    seeds = f"{count_of(budget.seeds, 'seed')} each"
    if first < budget.seeds:
        seeds = f"{count_of(first, 'seed')} each, up to {budget.seeds} where claims are then open"
    lines = [f"{'; '.join(label for n, label in labels.items() if n not in unclaimed)}: {seeds}"]
    if unclaimed and len(unclaimed) < len(labels):
        names = "; ".join(label for name, label in labels.items() if name in unclaimed)
        few = plan.first_seeds(min(unclaimed))
        lines.append(f"{names}: {count_of(few, 'seed')} each, as no claim is judged on them")
    return "\n".join(lines) if len(unclaimed) < len(labels) else lines[0].removeprefix(": ")


def _fuse_line(fused: int) -> Iterator[tuple[str, str]]:
    """Nothing where each training is alone."""
    if fused > 1:
        yield "fused", f"up to {fused} seeds of a candidate are trained as one model (--fuse)"


def _timing_line(plan: Plan) -> Iterator[tuple[str, str]]:
    """Nothing where nothing is timed."""
    rounds = plan_rounds(plan)
    most = max(rounds.values(), default=0)
    if most:
        count = len([name for name, n in rounds.items() if n])
        yield (
            "timing",
            f"{count_of(count, 'candidate')} in turn, one at a time after the confirmation: "
            f"{count_of(min(TIMED_EPOCHS, plan.budget.epochs), 'epoch')} each in up to "
            f"{count_of(most, 'round')}",
        )


def _claims_line(plan: Plan) -> str:
    """How many claims there are, and what so many seeds can say of them."""
    claims, covered = plan.study.claims, plan.covered_claims
    if not claims:
        return "none"
    if not plan.budget.judged:
        return f"{len(claims)}, not judged: a smoke run only shows that everything works"
    lines = []
    if shown := plan.shown_claims:
        scales = {claim.scale.describe() for claim in shown if claim.scale}
        lines.append(f"{len(shown)} said of {' or '.join(sorted(scales))}: shown, not judged")
    counts = Counter(claim.sides for claim in covered)
    for sides, count in counts.items():
        lines.append(_rule_line(count, Rule(len(covered), sides=sides, ratio=plan.ratio), plan))
    return "\n".join(lines)


def _digest_line(study: Study) -> str:
    """What somebody publishes who wants to show later that the claims came first."""
    digest = study_digest(study)
    return f"{digest}, of the claims: publish it with the command, study verify checks it"


def _rule_line(count: int, rule: Rule, plan: Plan) -> str:
    """The same for those claims that are tested by one rule.

    Args:
        count: number of such claims.
    """
    said = f"{count} one-sided" if rule.sides == 1 else str(count)
    looks = [(n, needed) for n, needed in needed_at(plan.looks, rule) if needed is not None]
    if not looks:
        needed = seeds_needed(rule)
        more = f"{needed} are needed" if needed else f"not even {MAX_SEEDS:,} are enough"
        few = count_of(plan.budget.seeds, "seed")
        are = "is" if plan.budget.seeds == 1 else "are"
        return f"{said}, not judged: {few} {are} too few, {more}"
    *others, last = (f"{needed} of {n}" for n, needed in looks)
    counts = f"{', '.join(others)} or {last}" if others else last
    share = detectable_share(plan.looks, rule)
    return (
        f"{said} judged, at 5 % after Holm's correction: a claim is supported if it holds in "
        f"{counts} trainings, refuted if it fails in as many; in somewhat fewer where other claims "
        "are decided as well (Holm). One that holds in "
        f"{100 * share:.0f} % of all trainings is supported by 4 of 5 such runs (a difference of "
        f"{in_deviations(share):.1f} standard deviations of the seeds); smaller effects are often "
        "missed"
    )


def conclude(
    plan: Plan,
    results: Folder,
    console: Console,
    data: Splits | None = None,
    hide_images: bool = False,
    quiet: bool = False,
) -> list[str]:
    """Write the study's folder from the records, and say what was found and where the report is.

    Args:
        results: holds the records; the lock of the study's folder in it must be held.
        data: of which images that every training gets wrong are shown; as the last run had it if
            None.
        hide_images: whether none are shown.
        quiet: whether only verdicts, failures and the report's place are said.

    Returns:
        What was asked for and is not there, a sentence each.

    Raises:
        OSError: the report cannot be written.
    """
    from study.cli.progress import report_progress
    from study.report.content import describe_scale
    from study.report.outputs import REPORT, write_outputs
    from study.report.render import FIGURE_FOLDER
    from study.report.wrong import save_sheet

    folder = results / plan.study.name
    aside = Console(quiet=True) if quiet else console
    with report_progress(aside) as on_step:
        trials = FinishedTrials(plan, {record.key: record for record in RecordStore(results)})
        if data is not None:
            save_sheet(trials, data, folder / FIGURE_FOLDER, hide_images)
        weights = describe_weights(trials, WeightsStore(results).kept())
        found = write_outputs(trials, folder, on_step, weights)
    _print_findings(found.findings, aside)
    print_verdicts(plan, found.verdicts, console)
    _print_failures(trials, console)
    notes, scale = describe_notes(claim_notes(trials)), describe_scale(plan)
    for warning in filter(None, (notes, *describe_tried(trials), scale)):
        aside.print(escape(printable(warning)), style="dim", highlight=False)
    place = printable(f"{folder}/{REPORT}")
    console.print(f"report: {escape(place)}", highlight=False, soft_wrap=True)
    return found.missing


def _print_findings(findings: Sequence[str], console: Console) -> None:
    if findings:
        console.print("[bold]What we found[/bold]", highlight=False)
    for sentence in findings:
        console.print(escape(printable(sentence)), highlight=False)


def _print_failures(trials: FinishedTrials, console: Console) -> None:
    """How many trainings failed, and what the first of them ended with."""
    from study.table.members import study_members

    records = {member.record.key: member.record for member in study_members(trials)}
    failed = [record for record in records.values() if record.status == "failed"]
    if failed:
        first = min(failed, key=lambda record: str(record.provenance.get("finished")))
        console.print(
            f"{len(failed)} of {count_of(len(records), 'training')} failed. The first: "
            f"{escape(printable(error_line(first.error or '')))}",
            style="bold",
            highlight=False,
        )


def print_verdicts(plan: Plan, verdicts: "Sequence[Verdict]", console: Console) -> None:
    """Each claim with its verdict, and below it what was found; of a smoke run the claims alone."""
    from study.report.claim_words import claim_text, what_is_tested
    from study.report.verdicts import (
        SMOKE_RUN,
        constant_text,
        detail_text,
        outcome_text,
    )
    from study.table.constant import constant_predictor

    labels = plan.study.labels()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for verdict in verdicts:
        grid.add_row(outcome_text(verdict), escape(claim_text(verdict.claim, labels)))
        details = [what_is_tested(verdict.claim, labels)]
        details += [detail_text(verdict)] * plan.budget.judged
        for detail in filter(None, details):
            grid.add_row("", f"[dim]{escape(printable(detail))}[/dim]")
    found = "share and mean of the trainings, 95 % intervals" if plan.budget.judged else SMOKE_RUN
    console.print(f"[bold]Verdicts[/bold] ({found})", highlight=False)
    console.print(grid, highlight=False)
    beside = constant_text(plan.study.claims, constant_predictor(plan.data.counts))
    if beside and plan.budget.judged:
        console.print(escape(beside), style="dim", highlight=False)
