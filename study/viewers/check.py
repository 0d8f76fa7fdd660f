"""Whether what a run is to feed can be fed, found out before anything is spent."""

from importlib.util import find_spec

from study.spec.errors import StudyError
from study.store.folder import Folder, LocalFolder


def check_viewers(results: Folder, tensorboard: bool, mlflow: str | None) -> None:
    """Find out what a viewer lacks.

    Args:
        mlflow: tracking URI; None where MLflow is told nothing.

    Raises:
        StudyError: with what is missing.
    """
    if tensorboard and not isinstance(results, LocalFolder):
        raise StudyError(
            f"--tensorboard appends to its files, which {results} does not allow. Leave it out, or "
            "choose a folder on a disk as --results."
        )
    if tensorboard and find_spec("tensorboardX") is None:
        raise StudyError("--tensorboard needs tensorboardX: pip install tensorboardX")
    if mlflow is not None and find_spec("mlflow") is None:
        raise StudyError("--mlflow needs MLflow: pip install 'hw3-study[mlflow]'")
