"""Answers brought into one form, so that "Three." and "3" count as the same."""

ARTICLES = frozenset({"a", "an", "the"})
NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
}


def normalised(answer: str) -> str:
    """Lower case, without articles, quotes and a final full stop, numbers in digits."""
    words = answer.casefold().strip(" \t\r\n.\"'").split()
    while len(words) > 1 and words[0] in ARTICLES:
        words.pop(0)
    return " ".join(NUMBERS.get(word, word) for word in words)
