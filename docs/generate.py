"""Write the pages of docs/reference that are made from the code, and the lists of pages.

python docs/generate.py            write them
python docs/generate.py --check    name those that are not what the code says; exit code 1
"""

import re
import sys
from pathlib import Path

from reference_pages import PAGES

DOCS = Path(__file__).parent
MADE = "<!-- Made from the code by docs/generate.py. Do not edit. -->"
LISTED = "<!-- The list below is made by docs/generate.py. -->\n"
FOLDERS = ("how-to", "reference", "explanation")  # whose index.md lists their pages


def made_pages() -> dict[Path, str]:
    """The text of each page that is made, by its file."""
    pages = {
        DOCS / "reference" / f"{name}.md": f"{MADE}\n\n" + "\n".join(page())
        for name, page in PAGES.items()
    }
    return pages | {DOCS / folder / "index.md": _with_list(folder, pages) for folder in FOLDERS}


def _with_list(folder: str, pages: dict[Path, str]) -> str:
    """A folder's index, whose last part lists the folder's pages with their titles."""
    index = DOCS / folder / "index.md"
    files = {
        *(DOCS / folder).glob("*.md"),
        *(page for page in pages if page.parent == index.parent),
    }
    lines = [
        f"- [{_title(pages.get(file) or file.read_text())}]({file.name})"
        for file in sorted(files - {index})
    ]
    return index.read_text().partition(LISTED)[0] + LISTED + "\n" + "\n".join(lines) + "\n"


def _title(page: str) -> str:
    found = re.search(r"^# (.+)$", page, re.MULTILINE)
    assert found is not None, f"a page needs a title: {page[:60]!r}"
    return found[1]


def main() -> int:
    """The exit code."""
    stale = {file: text for file, text in made_pages().items() if _read(file) != text}
    if "--check" in sys.argv[1:]:
        for file in stale:
            print(f"{file.relative_to(DOCS.parent)} is not what the code says", file=sys.stderr)
        return int(bool(stale))
    for file, text in stale.items():
        file.write_text(text)
        print(f"wrote {file.relative_to(DOCS.parent)}")
    return 0


def _read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


if __name__ == "__main__":
    sys.exit(main())
