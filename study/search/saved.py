"""The plan of a run whose study is not at hand: its file may be on another machine."""

from hw3.files import UnusableFile
from study.search.plan import PLAN, Plan, read_plan
from study.spec.errors import StudyError
from study.spec.study import Study
from study.store.folder import Folder
from study.store.reading import MAX_BYTES, parse_json


def saved_plan(folder: Folder) -> Plan | None:
    """The plan of the last run in a study's folder, for those who do not have its study: the plan's
    has a name and nothing else. None where there is none.

    Args:
        folder: of the study, inside the results folder.

    Raises:
        StudyError: it is damaged.
    """
    try:
        content = folder.read(PLAN, MAX_BYTES)
        if content is None:
            return None
        saved = parse_json(content)
        name = str(saved.get("study", "")) if isinstance(saved, dict) else ""
        return read_plan(Study(name, name, "", ()), saved)
    except (ValueError, UnusableFile) as error:
        raise StudyError(f"{folder}/{PLAN} is damaged or of another version ({error})") from error
