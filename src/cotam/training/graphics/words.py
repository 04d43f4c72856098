"""Strings that look like what people photograph and screenshot: prose, labels, figures, code.

All of them are ASCII, which is what the bundled font has glyphs for.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


COMMON = _listed(
    """the of and to in is was for on that by this with you it not or be are from at as your all have new
    more an we will can about if page my has search free but our one other do no information time they
    site he up may what which their news out use any there see only so his when contact here business
    who web also now help get view online first been would how were services some these click its like
    service than find price date back top people had list name just over state year day into email two
    health world next used go work last most music data make them should product system post her city
    add policy number such please available copyright support message after best software then good
    video well where info rights public books high school through each links she review years order
    very privacy book items company read group need many user said does set under general research
    university january mail full map reviews program life know games way days management part could
    great united hotel real item international center must store travel comments made development
    report off member details line terms before hotels did send right type because local those using
    results office education national car design take posted internet address community within states
    area want phone shipping reserved subject between forum family long based code show even black
    check special prices website index being women much sign file link open today technology south case
    project same pages version section own found sports house related security both county american
    photo game members power while care network down computer systems three total place end following
    download him without per access think north resources current posts big media law control water
    history pictures size art personal since including guide shop directory board location change white
    text small rating rate government children during return students shopping account times sites level
    digital profile previous form events love old main call hours image department title description"""
)
TITLES = _listed(
    """Overview Introduction Results Settings Account Summary Invoice Report Method Discussion Profile
    Network Privacy Billing Messages Downloads Pictures Library Calendar Revenue Temperature Population
    Analysis Dashboard Notes Chapter Quarterly Budget Energy Experiment Accuracy Latency Sales Users
    Orders Inventory Forecast Conclusion Appendix References Welcome Search Inbox Contacts Schedule"""
)
ACTIONS = _listed(
    """OK Cancel Save Apply Close Open Edit View File Help Insert Format Tools Window Home Share Sign-in Next
    Back Submit Delete Export Import Print Refresh Send Reply Upload Download Add Remove Undo Redo
    Continue Buy Details More Filter Sort Start Stop Login Logout New Copy Paste Run Debug"""
)
UNITS = ("", "", "", "%", " kg", " ms", " km", " GB", "K", "M")
_LETTERS = "etaoinshrdlucmfwypvbgkqjxzETAOINSHRDLUCMFWYP0123456789"


def pick(rng: np.random.Generator, choices: Sequence[Choice]) -> Choice:
    """Return one of `choices`, each as likely."""
    return choices[int(rng.integers(len(choices)))]


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Return True with the given probability."""
    return bool(rng.random() < probability)


def number(rng: np.random.Generator) -> str:
    """Return a figure as it is written in tables: a count, a price, a percentage, a date or a time."""
    kind, value = int(rng.integers(6)), int(10 ** rng.uniform(0, 6))
    if kind == 0:
        return f"{value:,}"
    if kind == 1:
        return f"{value / 100:.2f}"
    if kind == 2:
        return f"${value / 100:,.2f}"
    if kind == 3:
        return f"{rng.integers(1, 29):02d}/{rng.integers(1, 13):02d}/{rng.integers(1990, 2031)}"
    if kind == 4:
        return f"{rng.integers(24)}:{rng.integers(60):02d}"
    return f"{value % 1000}{pick(rng, UNITS)}"


def gibberish(rng: np.random.Generator) -> str:
    """Return 3 to 10 letters and digits, as in identifiers, serial numbers and names."""
    return "".join(_LETTERS[i] for i in rng.integers(len(_LETTERS), size=int(rng.integers(3, 11))))


def word(rng: np.random.Generator) -> str:
    """Return one word of running text: mostly a common one, now and then a figure or a random string."""
    kind = rng.random()
    if kind < 0.86:
        return pick(rng, COMMON)
    return number(rng) if kind < 0.93 else gibberish(rng)


def phrase(rng: np.random.Generator, count: int) -> str:
    """Return `count` words of running text, with some capitals, commas and full stops."""
    words = [word(rng) for _ in range(count)]
    for i, mark in enumerate(rng.random(count)):
        if mark < 0.07:
            words[i] += ","
        elif mark < 0.14:
            words[i] = words[i].capitalize() + "."
    return " ".join(words)


def label(rng: np.random.Generator) -> str:
    """Return the name of something: a heading, an axis, a menu entry, a column."""
    name = pick(rng, TITLES)
    return f"{name} {word(rng)}" if chance(rng, 0.35) else name
