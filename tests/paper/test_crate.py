"""The RO-Crate: what it describes is in it, and it is read back."""

import io
import json
import sys
import zipfile

import pytest

from study.paper.crate import check_rocrate, make_crate
from study.spec.errors import StudyError
from study.store.folder import LocalFolder
from tests.golden import RESULTS


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    with pytest.raises(StudyError, match=r"pip install '\.\[paper\]'.*--no-crate"):
        check_rocrate()


def test_the_crate_describes_every_record_and_what_trained_it(facts, tmp_path):
    rocrate = pytest.importorskip("rocrate.rocrate")
    content = make_crate(facts, LocalFolder(RESULTS))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    crate = rocrate.ROCrate(tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    described = {entity.id for entity in crate.data_entities}
    assert described == files - {"ro-crate-metadata.json"}
    assert {f"trials/{key}.json" for key in facts.records} < described
    for key in facts.records:
        record = tmp_path / f"trials/{key}.json"
        assert record.read_bytes() == (RESULTS / f"trials/{key}.json").read_bytes()
    action = crate.get("#training")
    assert action.type == "CreateAction"
    assert action["instrument"].id == "#software" and action["object"].id == "#data"
    assert len(action["result"]) == len(facts.records)
    environment = json.loads((tmp_path / "environment.json").read_text())
    assert environment["versions"]["torch"] and environment["hosts"] == {
        "golden": len(facts.records)
    }
    for name in ("name", "description", "datePublished", "license"):
        assert crate.root_dataset[name]
