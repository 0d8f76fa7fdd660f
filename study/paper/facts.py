"""What a paper says of a run, computed from its records: findings, and how they came about."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from study.judge import Verdict, terms_of, wanted_seeds
from study.report.content import describe_warnings
from study.report.findings import describe_findings
from study.report.found import Found
from study.report.outputs import judge_claims
from study.search.agreement import check_agreement
from study.search.choose import FinishedTrials
from study.search.missing import describe_missing
from study.search.plan import Plan
from study.search.registered import claim_notes
from study.search.tried import describe_tried
from study.store.records import FUSED, Record
from study.table.members import study_members
from study.table.rows import make_table


@dataclass(frozen=True)
class Facts:
    """A run, judged.

    Attributes:
        trials: of the run.
        table: of its trials, `study.table.rows.make_table`.
        verdicts: on the study's claims, in their order.
        missing: what was asked for and is not there, `study.search.missing.describe_missing`.
        cautions: what a reader must know before any number, a sentence each.
        findings: the sentences of `study.report.findings.describe_findings`.
    """

    trials: FinishedTrials
    table: pd.DataFrame
    verdicts: list[Verdict]
    missing: list[str]
    cautions: list[str]
    findings: list[str]

    @property
    def plan(self) -> Plan:
        """Of the run."""
        return self.trials.plan

    @cached_property
    def records(self) -> dict[str, Record]:
        """Those of the study's trials by key; a record may serve several candidates."""
        members = study_members(self.trials)
        return {member.record.key: member.record for member in members}

    @cached_property
    def confirmed(self) -> pd.DataFrame:
        """The last epochs of the confirmed trainings; one that serves several candidates is there
        for each."""
        return self.table.loc[(self.table["stage"] == "confirm") & self.table["is_final"]]

    @cached_property
    def versions(self) -> dict[str, list[str]]:
        """Package -> the versions that trained, in their order; "python" is one."""
        found: dict[str, set[str]] = {}
        for record in self.records.values():
            said = {"python": record.provenance.get("python")}
            said |= record.provenance.get("versions", {})
            for name, version in said.items():
                if version:
                    found.setdefault(name, set()).add(str(version))
        return {name: sorted(several) for name, several in found.items()}

    @property
    def devices(self) -> dict[str, int]:
        """Device -> number of trainings."""
        return self._count("device")

    @property
    def hosts(self) -> dict[str, int]:
        """Host -> number of trainings."""
        return self._count("host")

    @property
    def fused(self) -> int:
        """Largest number of trainings that were trained together; 1 where each was alone."""
        counts = (record.provenance.get(FUSED, 1) for record in self.records.values())
        return max(counts, default=1)

    @property
    def commits(self) -> dict[str, int]:
        """Commit, with what it lacks of the code -> number of trainings."""
        return dict(Counter(map(_commit, self.records.values())))

    @property
    def times(self) -> tuple[str, str]:
        """When the first and the last training ended, ISO 8601; empty where no record says."""
        ends = sorted(str(end) for end in self._provenance("finished") if end)
        return (ends[0], ends[-1]) if ends else ("", "")

    def _count(self, name: str) -> dict[str, int]:
        return dict(Counter(str(value or "not known") for value in self._provenance(name)))

    def _provenance(self, name: str) -> Iterable[object]:
        return [record.provenance.get(name) for record in self.records.values()]


def _commit(record: Record) -> str:
    commit, dirty = (record.provenance.get(name) for name in ("commit", "dirty"))
    return f"{commit or 'not known'}{', with uncommitted changes' * bool(dirty)}"


def find_facts(trials: FinishedTrials) -> Facts:
    """The run, judged as its report judges it.

    Raises:
        StudyError: a candidate has records of different models.
    """
    check_agreement(trials)
    table, notes = make_table(study_members(trials)), claim_notes(trials)
    missing = list(describe_missing(trials, wanted_seeds(trials.plan, table)))
    incomplete = [f"Not complete: {'; '.join(missing)}."] if missing else []
    cautions = [*describe_warnings(trials.plan, notes), *incomplete, *describe_tried(trials)]
    verdicts = judge_claims(trials.plan, table, notes)
    found = Found(trials.plan, table, verdicts, terms_of(trials.plan))
    findings = [finding.text for finding in describe_findings(found)]
    return Facts(trials, table, verdicts, missing, cautions, findings)


def in_words(counts: Mapping[str, int]) -> str:
    """What there is of each: "3 on a (2), b (1)"; the one alone where there is no other."""
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} ({count})" for name, count in counts.items())
