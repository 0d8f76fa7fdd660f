"""An RO-Crate of a study: its records, the environment that trained them, and their provenance.

RO-Crate (https://w3id.org/ro/crate) is a folder, here a zip archive, whose ro-crate-metadata.json
describes every file in it; the training is an action in it, as the profile Process Run Crate has it
(https://w3id.org/ro/wfrun/process). The `rocrate` package writes both.
"""

import importlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from study.paper.facts import Facts
from study.report.verdicts import verdict_values
from study.search.plan import PLAN
from study.spec.errors import StudyError
from study.store.folder import Folder
from study.table.described import table_files

NO_ROCRATE = (
    "an RO-Crate needs rocrate ({}). Install it: pip install '.[paper]', or leave the crate out "
    "with --no-crate"
)
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
AUTHOR = "Author must supply."
TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}


def check_rocrate() -> None:
    """Raise StudyError where `rocrate` cannot be imported."""
    try:
        importlib.import_module("rocrate.rocrate")
    except ImportError as error:
        raise StudyError(NO_ROCRATE.format(error)) from error


def make_crate(facts: Facts, results: Folder) -> bytes:
    """The crate as a zip archive.

    Args:
        results: the folder of records.

    Raises:
        StudyError: `rocrate` is not installed.
        OSError: a record cannot be read, or there is no room for temporary files.
    """
    check_rocrate()
    entity_class = importlib.import_module("rocrate.model.contextentity").ContextEntity
    files = _files(facts, results)
    with TemporaryDirectory(prefix="study-crate-") as temporary:
        root = Path(temporary)
        crate = importlib.import_module("rocrate.rocrate").ROCrate()
        study, (first, last) = facts.plan.study, facts.times
        crate.name, crate.description = study.title, study.question
        crate.datePublished = last[:10] or "1970-01-01"
        crate.license = AUTHOR
        crate.root_dataset["conformsTo"] = {"@id": PROFILE}
        added = {name: _add(crate, root, name, content) for name, content in files.items()}

        def entity(name_in_crate: str, /, **properties: Any) -> Any:
            return crate.add(entity_class(crate, name_in_crate, properties=properties))

        data = facts.plan.data
        source = entity(
            "#data",
            **{"@type": "Dataset"},
            name=data.source,
            description=data.location,
            identifier=data.fingerprint,
        )
        software = entity(
            "#software",
            **{"@type": "SoftwareApplication"},
            name="hw3-study",
            softwareVersion=version("hw3-study"),
            description=f"commit {', '.join(facts.commits)}",
        )
        results_of = [entry for name, entry in added.items() if name.startswith("trials/")]
        action = entity(
            "#training",
            **{"@type": "CreateAction"},
            name=f"Trainings of the study {study.name}",
            description=facts.plan.command,
            instrument=software,
            object=source,
            result=results_of,
            **({"startTime": first, "endTime": last} if first else {}),
        )
        crate.root_dataset["mentions"] = action
        written = root / "crate.zip"
        crate.write_zip(written)
        return written.read_bytes()


def _add(crate: Any, root: Path, name: str, content: bytes) -> Any:
    path = root / "files" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    kind = {"encodingFormat": TYPES[path.suffix]} if path.suffix in TYPES else {}
    description = DESCRIPTIONS.get(name.partition("/")[0], "")
    said = {"description": description} if description else {}
    return crate.add_file(path, name, properties={"name": name, **kind, **said})


DESCRIPTIONS = {
    "trials": "One finished training: configuration, seed, a row for each epoch, provenance",
    "plan.json": "What the run was to do: budget, setting, data, looks",
    "verdicts.json": "Each claim: effect, interval, p-value, verdict",
    "table.parquet": "One row for each epoch of every trial",
    "table.csv": "The same as text",
    "columns.csv": "What the columns of the table hold",
    "environment.json": "Versions, devices and hosts of the trainings",
}


def _files(facts: Facts, results: Folder) -> dict[str, bytes]:
    """Name -> content: the records as they are, and what follows from them."""
    labels = facts.plan.study.labels()
    verdicts = [verdict_values(verdict, labels) for verdict in facts.verdicts]
    files = {
        "verdicts.json": _json(verdicts),
        "environment.json": _json(environment(facts)),
        **table_files(facts.table),
    }
    plan = (results / facts.plan.study.name).read(PLAN)
    if plan is not None:
        files[PLAN] = plan
    for key in sorted(facts.records):
        record = (results / "trials").read(f"{key}.json")
        if record is not None:
            files[f"trials/{key}.json"] = record
    return files


def environment(facts: Facts) -> Mapping[str, Any]:
    """What trained: versions, devices and hosts with their numbers of trainings, and numerics."""
    numerics = facts.plan.setting.numerics
    return {
        "versions": facts.versions,
        "devices": facts.devices,
        "hosts": facts.hosts,
        "commits": facts.commits,
        "precision": numerics.precision,
        "command": facts.plan.command,
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()
