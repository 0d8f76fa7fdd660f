"""How Sphinx builds the site from the Markdown in this folder:

    python -m sphinx -W --keep-going docs site

The pages are plain Markdown that GitHub shows as well: what only Sphinx needs is added here.
"""

from importlib.metadata import version as installed_version
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

project = "hw3-study"
author = "the hw3-study authors"
release = installed_version(project)
extensions = ["myst_parser"]
exclude_patterns = ["Thumbs.db"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # as GitHub's
myst_dmath_double_inline = True
suppress_warnings = ["epub.unknown_project_files"]

html_theme = "furo"
html_title = f"hw3-study {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

# Navigation, by the page that it is added to. A folder's pages are found by themselves.
NAVIGATION = {
    "index": ("tutorial", "how-to/index", "reference/index", "explanation/index", "comparison"),
    "how-to/index": ("*",),
    "reference/index": ("*",),
    "explanation/index": ("*",),
}


def add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Add a hidden toctree to the pages that have one."""
    if page in NAVIGATION:
        entries = "\n".join(NAVIGATION[page])
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n:glob:\n\n{entries}\n```\n"


def visit_inline(writer: Any, node: nodes.math) -> None:
    """A formula as MathML, which browsers show without scripts."""
    writer.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def visit_block(writer: Any, node: nodes.math_block) -> None:
    """The same, on lines of its own."""
    writer.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", add_navigation)
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
