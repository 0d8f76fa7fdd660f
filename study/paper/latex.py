"""Text and templates as LaTeX: what stands in text is escaped, so that it is shown as it is."""

import functools
import re
import unicodedata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hw3.text import printable
from study.table.formatting import format_setting

TEMPLATES = Path(__file__).parent / "templates"
LONG = 20  # characters of a word that may be broken
# Letters with accents that the font encoding T1 has, beyond those of Latin-1.
LETTERS = frozenset("ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŊŋŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž")
_GREEK = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta"},
    **{"η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu"},
    **{"ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon"},
    **{"φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta"},
    **{"Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi"},
    **{"Ψ": "Psi", "Ω": "Omega"},
}
_FORMULAS = {
    **{"−": "-", "×": r"\times", "±": r"\pm", "÷": r"\div", "µ": r"\mu", "∞": r"\infty"},
    **{"≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "≠": r"\neq", "→": r"\rightarrow"},
    **{"←": r"\leftarrow", "∈": r"\in", "√": r"\surd", "²": "^2", "³": "^3", "¹": "^1"},
    **{letter: f"\\{name}" for letter, name in _GREEK.items()},
}
_SYMBOLS = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    **{character: f"\\{character}" for character in "{}$&%#_"},
    **{
        "–": r"\textendash{}",
        "—": r"\textemdash{}",
        "…": r"\dots{}",
        "·": r"\textperiodcentered{}",
    },
    **{"“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "„": r"\quotedblbase{}"},
    **{"‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "«": r"\guillemotleft{}"},
    **{"»": r"\guillemotright{}", "°": r"\textdegree{}", "§": r"\S{}", "©": r"\copyright{}"},
    **{"\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,", "‐": "-", "‑": "-"},
    **{letter: f"\\ensuremath{{{formula}}}" for letter, formula in _FORMULAS.items()},
}
_LIGATURES = re.compile(r"([-',])(?=\1)")  # of which TeX makes one character


def escape_latex(value: Any) -> str:
    """Text that pdfLaTeX (encoding T1) shows as it is, on one line.

    A character that it has no glyph for becomes its code point, "[U+4E2D]".
    """
    if isinstance(value, Markup):
        return value
    line = unicodedata.normalize("NFC", printable(re.sub(r"[\n\t\r]+", " ", str(value))))
    return _LIGATURES.sub(r"\1{}", "".join(map(_escape, line)))


def _escape(character: str) -> str:
    if character in _SYMBOLS:
        return _SYMBOLS[character]
    if " " <= character <= "~" or "À" <= character <= "ÿ" or character in LETTERS:
        return character
    return f"[U+{ord(character):04X}]"


def breakable(value: Any) -> Markup:
    """Escaped text that may be broken behind the signs of paths and options, in which there are no
    spaces."""
    return Markup(re.sub(r"(\\_|[/=.,:-])(?![{}])", r"\1\\allowbreak{}", escape_latex(value)))


def long_words(value: Any) -> Markup:
    """Escaped text whose long words, such as paths, may be broken."""
    words = str(value).split(" ")
    return Markup(
        " ".join(breakable(word) if len(word) > LONG else escape_latex(word) for word in words)
    )


def render(template: str, **values: Any) -> str:
    """A template with its values, each of them escaped unless it is LaTeX already (`Markup`)."""
    text = _environment().get_template(template).render(**values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@functools.cache
def _environment() -> Environment:
    """Templates whose marks are none of LaTeX's, and that fail on a name that has no value."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        finalize=escape_latex,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": breakable,
        "long_words": long_words,
        "raw": Markup,
        "capitalised": lambda text: text[:1].upper() + text[1:],
        "setting": format_setting,
        "thousands": "{:,}".format,
    }
    return environment
