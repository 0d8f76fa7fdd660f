"""`python -m study doctor` and `data show`: whether a study can run here, and on what."""

import sys
from pathlib import Path

import click
from rich.console import Console

from study.cli.command import fail
from study.cli.options import POSITIVE
from study.spec.budget import PROFILES
from study.spec.errors import StudyError

IMAGE_SIZE = click.option(
    "--image-size",
    type=POSITIVE,
    default=PROFILES["quick"].image_size,
    show_default=True,
    help="Side of the images in pixels.",
)


@click.command("doctor")
@click.option("--results", default="results", show_default=True, help="Folder or URI of a run.")
@click.option("--data", default="phantom", show_default=True, help="As a study takes it.")
@IMAGE_SIZE
@click.option("--start-ray", is_flag=True, help="Also start Ray, which takes some seconds.")
def doctor_command(results: str, data: str, image_size: int, start_ray: bool) -> None:
    """Say what would be in the way of a run here, a line for each thing with what mends it.

    Exit code 1 where there is a problem; a warning is none.
    """
    from study.store.open import open_folder

    try:
        folder = open_folder(results)
        from study.cli.doctor import Asked, doctor

        sys.exit(doctor(Asked(folder, data, image_size, start_ray), Console()))
    except (StudyError, OSError) as error:
        fail(error)


@click.group("data")
def data_group() -> None:
    """Look at data before a study runs on it."""


@data_group.command("show")
@click.argument("location")
@IMAGE_SIZE
@click.option("--classes", help="Names of the classes, as a study takes them: healthy,ill.")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PNG file to write: some images of each class.",
)
def show_command(location: str, image_size: int, classes: str | None, sheet: Path | None) -> None:
    """Show what a data set holds, as a run would get it: counts, sizes, patients, copies.

    LOCATION is what --data takes: a folder, an .npz file, a MedMNIST flag, or phantom.
    """
    if sheet is not None and (sheet.suffix.lower() != ".png" or not sheet.parent.is_dir()):
        raise click.UsageError(
            f"--sheet must name a PNG file in a folder that is there, sheet.png; got {sheet}"
        )
    from hw3.splits import DataError
    from study.cli.data_show import show_data

    names = [name.strip() for name in classes.split(",")] if classes else ()
    try:
        show_data(location, image_size, names, sheet, Console())
    except (DataError, StudyError, OSError) as error:
        fail(error)
