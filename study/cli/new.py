"""`python -m study new`: a study of one's own to begin with."""

from importlib.resources import files
from pathlib import Path

from study.spec.errors import StudyError

TEMPLATE = "templates/my_study.py.txt"


def write_new(file: Path) -> None:
    """Write a study that runs as it is, named after the file.

    Raises:
        StudyError: the file is there already, or its name is none of a module.
        OSError: it cannot be written.
    """
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise StudyError(
            f"the file of a study is a Python module, my_study.py for example; got {file}"
        )
    title = file.stem.replace("_", " ").strip().capitalize() or file.stem
    template = files("study.cli").joinpath(TEMPLATE).read_text()
    content = template.format(file=file.name, name=file.stem, title=title)
    try:
        with file.open("x") as opened:
            opened.write(content)
    except FileExistsError as error:
        raise StudyError(f"{file} is there already, and is not replaced; name another") from error
