"""Text from outside, such as file names and what files contain, as messages may show it."""

import unicodedata

CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, formats, surrogates, separators of lines


def printable(text: object) -> str:
    """The text with control and format characters as their escapes (`\\x1b`, `\\u202e`); spaces
    and line breaks stay.

    A terminal would act on such characters: erase a line, change the title, reverse an order. Half
    of a surrogate pair, as in a file name that is not UTF-8, could not be written at all.
    """
    text = str(text)
    if text.isprintable():  # nearly all is, and this is as fast as looking can be
        return text
    return "".join(
        character.encode("unicode_escape").decode() if _is_control(character) else character
        for character in text
    )


def count_of(number: int, noun: str) -> str:
    """A count and what is counted: "1 epoch", "2,000 epochs"."""
    return f"{number:,} {plural(noun, number)}"


def plural(noun: str, number: int) -> str:
    """The noun for so many."""
    return noun if number == 1 else f"{noun}s"


def were(number: int, noun: str) -> str:
    """A count as the subject of a sentence: "1 epoch was", "2 epochs were"."""
    return f"{count_of(number, noun)} {'was' if number == 1 else 'were'}"


def _is_control(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in CONTROL
