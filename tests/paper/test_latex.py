"""What stands in text is shown by LaTeX as it is."""

import pytest
from markupsafe import Markup

from study.paper.latex import LETTERS, breakable, escape_latex, long_words, render
from tests.paper.conftest import compile_latex, text_of

DOCUMENT = r"""\documentclass{article}
\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{lmodern}\usepackage{textcomp}
\begin{document}\raggedright
%s
\end{document}
"""
NASTY = r"100 % of my_file & #1, {x} \end ~ ^ $5 | <b> 'a' --results"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a_b", r"a\_b"),
        ("50 % & more", r"50 \% \& more"),
        ("−5 × 3", r"\ensuremath{-}5 \ensuremath{\times} 3"),
        ("--out", "-{}-out"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("two\nlines", "two lines"),
        ("中", "[U+4E2D]"),
        ("\x1b[31m", r"\textbackslash{}x1b[31m"),
        (Markup(r"\emph{x}"), r"\emph{x}"),
    ],
)
def test_text_is_escaped(text, latex):
    assert escape_latex(text) == latex


def test_every_text_is_shown_as_it_is(tmp_path):
    letters = " ".join(sorted(LETTERS)) + " Àéîõü ß ÿ Þ ð"
    signs = "a−b ×2 ±1 ≤ ≥ ≈ ≠ α β µ Ω “q” ‘q’ « » – — … · ° § → ∞"
    several = [NASTY, letters, signs, "中 x"]
    paragraphs = [
        *map(escape_latex, several),
        breakable("s3://bucket/a_b-c,d=1"),
        long_words(NASTY),
    ]
    (tmp_path / "main.tex").write_text(DOCUMENT % "\n\n".join(paragraphs))
    compile_latex(tmp_path)
    shown = text_of(tmp_path / "main.pdf").replace("’", "'").replace("Ð", "Đ")  # one glyph
    assert NASTY in shown
    assert shown.count(NASTY) == 2  # broken nowhere, since it is short
    assert [letter for letter in letters if letter not in shown] == []
    assert [sign for sign in "±≤≥≈→“‘«–—°§" if sign not in shown] == []
    assert "[U+4E2D] x" in shown and "s3://bucket/a_b-c,d=1" in shown


def test_a_template_without_a_value_fails():
    with pytest.raises(Exception, match="undefined"):
        render("numbers.tex")
