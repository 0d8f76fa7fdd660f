"""The Markdown pages for people, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = tuple(sorted(page.relative_to(ROOT).as_posix() for page in DOCS.rglob("*.md")))
FENCE = re.compile(r"^ *```")
NOT_RUN = re.compile(r"<!-- not run: \S.* -->")
EDIT = re.compile(r'<!-- (\S+\.py) from "(.+)" -->')


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: what stands behind the fence.
        code: its lines.
        remark: the line before it where that is an HTML comment, else empty. "not run: WHY" keeps a
            block from being run, 'FILE from "TEXT"' puts it in the place of the file's lines from
            the first one on that begins with the text.
    """

    language: str
    code: str
    remark: str

    @property
    def is_run(self) -> bool:
        return self.language in ("sh", "python") and not NOT_RUN.fullmatch(self.remark)


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page."""
    lines = iter(text.splitlines())
    before = ""
    for line in lines:
        if FENCE.match(line):
            code = []
            for inside in lines:
                if FENCE.match(inside):
                    break
                code.append(inside)
            remark = before if before.startswith("<!--") else ""
            yield Block(line.strip().strip("`"), "\n".join(code) + "\n", remark)
        before = line.strip()


def prose(text: str) -> str:
    """A page without its blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """What its headings are called in links, as GitHub does it."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+)$", prose(text), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        several = (f"{slug}-{number}" for number in range(1, 100))
        found.add(slug if slug not in found else next(s for s in several if s not in found))
    return found
