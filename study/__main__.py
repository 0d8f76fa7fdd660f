"""`python -m study`: lists what a study is made of; `submit` and `cluster check` for clusters."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from study.cli.check_commands import data_group, doctor_command
from study.cli.command import ACTIONS, command, fail
from study.cli.record_commands import records_command
from study.cli.results_commands import diff_command, list_command
from study.cli.target import find_study
from study.cli.tasks import TASKS
from study.spec.errors import StudyError
from study.spec.shell import shell_line

DOES = {
    "run": "Explore, confirm, judge and report; resumes where an earlier run was interrupted.",
    "plan": "Say what a run would do and cost; nothing is trained.",
    "report": "Judge and draw again from the records.",
}
TARGETS = (
    "TARGET is task_a, task_b, task_c; a file of your own, my_study.py; or a module, "
    "package.module:STUDY. `python -m study run TARGET --help` lists its options."
)
JOBS_ADDRESS = "http://127.0.0.1:8265"  # of the tunnel that `ray dashboard` makes


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hw3-study", prog_name="hw3-study")
@click.pass_context
def main(context: click.Context) -> None:
    """List tasks, data sources, model families and samplers."""
    if context.invoked_subcommand is None:
        list_everything()


def _act_on(action: str) -> click.Command:
    """The command that does this with a target."""

    @click.command(
        action,
        short_help=DOES[action],
        help=f"{DOES[action]}\n\n{TARGETS}",
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
    )
    @click.argument("target", required=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]...")
    def act(target: str | None, arguments: tuple[str, ...]) -> None:
        context = click.get_current_context()
        if target is None or target in ("-h", "--help"):
            click.echo(context.get_help())
            context.exit(0 if target else 2)
        try:
            study = find_study(target)
        except StudyError as error:
            fail(error)
        command(study, _running(target))(
            args=[action, *arguments], prog_name=f"python -m study {action} {target}"
        )

    return act


for _action in ACTIONS:
    main.add_command(_act_on(_action))


@main.command("new")
@click.argument("file", type=click.Path(path_type=Path))
def new_command(file: Path) -> None:
    """Write a study of your own to begin with.

    FILE, my_study.py for example, then has a model, a search and claims, and runs as it is.
    """
    from study.cli.new import write_new

    try:
        write_new(file)
    except (StudyError, OSError) as error:
        fail(error)
    line = shell_line(["python", "-m", "study", "run", str(file)])
    click.echo(f"wrote {file}; run it with:\n  {line}")


@main.command("submit", context_settings={"ignore_unknown_options": True})
@click.argument("target")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF THE STUDY]...")
@click.option("--address", default=JOBS_ADDRESS, show_default=True, help="Of Ray's jobs API.")
def submit_command(target: str, arguments: tuple[str, ...], address: str) -> None:
    """Submit a study to a cluster and follow its log; the same command finds the job again.

    TARGET is what `python -m study run` takes; a file of your own, and the code that lies beside
    it, is uploaded.
    """
    from study.cli.options import Options
    from study.cluster.submit import check_passwords, check_results, submit

    try:
        study = find_study(target)
        context = command(study).make_context(f"study submit {target}", list(arguments))
        options = Options(**context.params)
        check_results(options.results)
        check_passwords(arguments)
        sys.exit(submit(target, study.name, arguments, options.deciding(), address))
    except StudyError as error:
        fail(error)


@main.command("watch")
@click.argument("target")
@click.option("--results", default="results", show_default=True, help="Folder or URI of the run.")
@click.option("--once", is_flag=True, help="Show it once, and exit.")
def watch_command(target: str, results: str, once: bool) -> None:
    """Show how far a run is that is under way elsewhere: in another terminal, or as a job.

    TARGET is what `python -m study run` takes. It is read from the results folder, and nothing is
    changed there: Ctrl-C ends the watching, not the run. Exit code 0 where it runs or has finished,
    1 where it was interrupted, failed or died.
    """
    from study.cli.watch import report_command, study_name, watch
    from study.store.open import open_folder

    try:
        folder = open_folder(results)
        name, again = study_name(target, folder), report_command(target, str(folder))
        sys.exit(watch(name, again, folder, Console(), once))
    except (StudyError, OSError) as error:
        fail(error)
    except KeyboardInterrupt:
        click.echo("watching ended; the run goes on", err=True)
        sys.exit(130)


@main.command("predict")
@click.argument("target")
@click.argument("candidate")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--results", default="results", show_default=True, help="Folder or URI of the run.")
@click.option("--csv", type=click.Path(path_type=Path), help="File for all probabilities.")
def predict_command(
    target: str, candidate: str, images: tuple[Path, ...], results: str, csv: Path | None
) -> None:
    """Say what a CANDIDATE of a finished run sees in IMAGES: the class, and its probability.

    TARGET is what `python -m study run` takes. IMAGES are pictures, or .npy files of one or several
    images, or of such examples as the run's. Images are made as large as the run's, and grey where
    those are. The probability is the mean over the models whose weights the run has kept
    (--keep-weights).
    """
    from hw3.splits import DataError
    from study.cli.predict import finished_trials, predict_files
    from study.store.open import open_folder

    try:
        folder = open_folder(results)
        trials = finished_trials(find_study(target), folder, _running(target))
        predict_files(trials, folder, candidate, images, Console(), csv)
    except (DataError, StudyError, OSError) as error:
        fail(error)


@main.command("export")
@click.argument("target")
@click.argument("candidate")
@click.option("--onnx", "file", required=True, type=click.Path(path_type=Path), help="To write.")
@click.option("--results", default="results", show_default=True, help="Folder or URI of the run.")
def export_command(target: str, candidate: str, file: Path, results: str) -> None:
    """Write a model of a CANDIDATE of a finished run as an ONNX file.

    TARGET is what `python -m study run` takes. Of several models that of least validation loss is
    taken. ONNX Runtime must give the same logits, else nothing is written.
    """
    from study.cli.predict import export_onnx, finished_trials
    from study.store.open import open_folder

    try:
        folder = open_folder(results)
        trials = finished_trials(find_study(target), folder, _running(target))
        click.echo(export_onnx(trials, folder, candidate, file))
    except (StudyError, OSError) as error:
        fail(error)


def _running(target: str) -> tuple[str, ...]:
    """The command that runs a target, without options."""
    return ("python", "-m", "study", "run", target)


@main.command("paper")
@click.argument("target")
@click.option("--results", default="results", show_default=True, help="Folder or URI of the run.")
@click.option("--out", help="Folder or URI to write to; by default paper in the study's folder.")
@click.option("--crate/--no-crate", default=True, help="Whether to pack the records, too.")
def paper_command(target: str, results: str, out: str | None, crate: bool) -> None:
    """Write what a finished run gives for a paper: LaTeX, figures, references, checklists.

    TARGET is what `python -m study run` takes. Tables, a methods section, figures as PDF in the
    width of a column, BibTeX, answers to reproducibility checklists, a main.tex that includes them
    and compiles as it is, and an RO-Crate of the records.
    """
    from study.cli.paper import FOLDER, make_paper
    from study.cli.predict import finished_trials
    from study.store.open import open_folder

    try:
        study, folder = find_study(target), open_folder(results)
        trials = finished_trials(study, folder, _running(target))
        place = folder / study.name / FOLDER if out is None else open_folder(out)
        make_paper(trials, folder, place, Console(), crate)
    except (StudyError, OSError) as error:
        fail(error)


for _command in (list_command, diff_command, records_command, doctor_command, data_group):
    main.add_command(_command)


@main.command("verify")
@click.argument("target")
@click.argument("digest")
@click.option("--results", default="results", show_default=True, help="Folder or URI of the run.")
def verify_command(target: str, digest: str, results: str) -> None:
    """Check that a run's claims have a published DIGEST and stood before its trainings.

    TARGET is what `python -m study run` takes; `plan` prints the digest of its claims.
    """
    from study.cli.verify import verify
    from study.store.open import open_folder

    try:
        verify(find_study(target), digest, open_folder(results), Console())
    except (StudyError, OSError) as error:
        fail(error)


@main.group("cluster")
def cluster_group() -> None:
    """Look at the hosts of a cluster before it is started."""


@cluster_group.command("check")
@click.argument("config", type=click.Path(path_type=Path), default=Path("cluster.yaml"))
@click.option("--results", help="Path that all hosts share, to be tried on each.")
def check_command(config: Path, results: str | None) -> None:
    """Check whether `ray up CONFIG` would work: the file, the token, and every host.

    Prints a line for each check; exit code 1 if one fails.
    """
    from study.cluster.check import check_cluster

    try:
        sys.exit(check_cluster(config, results, Console()))
    except StudyError as error:
        fail(error)


def list_everything() -> None:
    """List tasks, data sources, model families and samplers, each with its description."""
    from hw3.data import SOURCES
    from hw3.models import FAMILIES
    from study.search.samplers import SAMPLERS

    console = Console()
    for title, rows in (
        ("Tasks: python -m study.NAME", {name: _describe(name) for name in TASKS}),
        ("Data sources: --data", {name: source.takes for name, source in SOURCES.items()}),
        ("Model families", {name: family.title for name, family in FAMILIES.items()}),
        ("Samplers: --sampler", {name: kind.description for name, kind in SAMPLERS.items()}),
    ):
        table = Table.grid(padding=(0, 2))
        for name, text in rows.items():
            table.add_row(f"  [bold]{name}[/bold]", escape(text))
        console.print(f"[bold]{title}[/bold]", highlight=False)
        console.print(table, highlight=False)


def _describe(task: str) -> str:
    """What the task asks, or what is wrong with its module."""
    try:
        return find_study(task).question
    except StudyError as error:
        return f"error: {error}"


if __name__ == "__main__":
    main(prog_name="python -m study")
