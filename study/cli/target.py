"""What `python -m study run TARGET` is given: a task, a file of one's own, or a module's study."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from study.cli.command import check_name
from study.cli.tasks import TASKS
from study.spec.errors import StudyError
from study.spec.study import Study, unknown_name

STUDY = "STUDY"  # the name that a module's study has unless the target says another


def find_study(target: str) -> Study:
    """The study of a target; its module is imported, and keeps its own name, under which Ray's
    workers import it, too.

    Args:
        target: a task (`task_c`), a file (`my_study.py`), or a module, with the study's name where
            it is not STUDY (`package.module:MINE`).

    Raises:
        StudyError: there is no such module, or it holds no such study.
    """
    place, _, name = target.partition(":")
    if place.endswith(".py"):
        module = _import_file(Path(place))
    elif place in TASKS or _is_module_of_study(place):
        module = _import(f"study.{place}")
    else:
        module = _import_named(place)
    found = getattr(module, name or STUDY, None)
    if not isinstance(found, Study):
        raise StudyError(
            f"{target} defines no study: it needs {name or STUDY} = Study(...). "
            "python -m study new my_study.py writes one to begin with."
        )
    check_name(found, module.__name__)
    return found


def _is_module_of_study(name: str) -> bool:
    return name.isidentifier() and find_spec(f"study.{name}") is not None


def _import_file(file: Path) -> ModuleType:
    """Import a file under its own name, with its folder in front of all others, as Python does with
    a script's."""
    if not file.is_file():
        raise StudyError(
            f"{file} is not there. A target is a file with a study, or one of {', '.join(TASKS)}. "
            f"python -m study new {file} writes one to begin with."
        )
    if not file.stem.isidentifier():
        raise StudyError(
            f"{file.name} cannot be imported: a module's name is made of letters, digits and _. "
            "Rename it, my_study.py for example."
        )
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = _import(file.stem)
    if Path(str(module.__file__)).resolve() != file.resolve():
        raise StudyError(
            f"{file.name} has the name of another module, {module.__file__}. Rename it, "
            "my_study.py for example."
        )
    return module


def _import_named(name: str) -> ModuleType:
    """Import a module that is installed or lies in the working directory."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    is_name = all(part.isidentifier() for part in name.split("."))
    top = name.partition(".")[0]
    if not is_name or find_spec(top) is None:
        raise StudyError(
            f"{unknown_name('target', name, TASKS)} One of your own is a file, my_study.py, or a "
            "module, package.module:STUDY."
        )
    return _import(name)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever a module of somebody's own raises
        raise StudyError(
            f"{name} cannot be imported: {type(error).__name__}: {error}. "
            f"python -c 'import {name}', in the folder that it lies in, says where."
        ) from error
