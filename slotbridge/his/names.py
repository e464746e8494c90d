"""How people's names and e-mail addresses are ordered, searched and compared.

The embedded PostgreSQL has no ICU, so keys for order and search are made here and stored.
"""

import re
import unicodedata

import idna

# Letters that Unicode does not take apart into a base and a mark.
_WHOLE_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ð": "d", "ø": "o", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
# The Polish alphabet has these as letters of their own, each after its base. "~" is higher than
# every Latin letter, so plain byte order of the keys is alphabetical order.
_POLISH_LETTERS = str.maketrans(
    {
        "ą": "a~",
        "ć": "c~",
        "ę": "e~",
        "ł": "l~",
        "ń": "n~",
        "ó": "o~",
        "ś": "s~",
        "ź": "z~",
        "ż": "z~~",
    }
)
_APOSTROPHES = re.compile("['’‘`ʼ´]")
_HYPHENS_AND_SPACES = re.compile(r"[\s\-‐‑‒–—]+")
_LONGEST_KEY = 250
_LONGEST_EMAIL = 254
_ASCII_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


def _words(text: str) -> str:
    """Lower case, single spaces, hyphens as spaces, apostrophes gone."""
    lower = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).lower())
    return _HYPHENS_AND_SPACES.sub(" ", _APOSTROPHES.sub("", lower)).strip()


def _without_marks(text: str) -> str:
    """Latin letters without diacritics; Cyrillic stays, save ё, which many people write as е.

    In Cyrillic й and ї are letters: without their marks they would be others.
    """
    kept: list[str] = []
    for letter in text.replace("ё", "е").casefold().translate(_WHOLE_LETTERS):
        base = unicodedata.normalize("NFD", letter)[0]
        is_cyrillic = unicodedata.name(base, "").startswith("CYRILLIC")
        kept.append(letter if is_cyrillic else base)
    return "".join(kept)


def sort_key(family: str, given: str) -> str:
    """A key whose byte order is the order of a Polish list of names; at most 250 characters.

    Family names first: two spaces end them, lower than the one space inside a double name.
    Foreign diacritics do not count. Sort by it with the collation "C".
    """
    parts = (_without_marks(_words(name).translate(_POLISH_LETTERS)) for name in (family, given))
    return "  ".join(parts)[:_LONGEST_KEY]


def search_key(*parts: str) -> str:
    """The parts as they are searched: lower case, no diacritics, hyphens as spaces; at most 250
    characters.
    """
    words = (_without_marks(_words(part)) for part in parts)
    return " ".join(word for word in words if word)[:_LONGEST_KEY].rstrip()


def same_name(given_a: str, family_a: str, given_b: str, family_b: str) -> bool:
    """Whether two people have the same first name and surname; case and diacritics do not count
    (A51). Nobody has the same name as somebody without one.
    """
    first = (search_key(given_a), search_key(family_a))
    return any(first) and first == (search_key(given_b), search_key(family_b))


def _is_blank(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in {"Cc", "Cf"}


def _trimmed(text: str) -> str:
    """Without white space, no-break and zero-width characters at both ends."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while start < end and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _ascii_domain(domain: str) -> str:
    try:
        ascii_form = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return ""
    return ascii_form if _ASCII_DOMAIN.fullmatch(ascii_form) else ""


def email_key(text: str) -> str:
    """The e-mail address as it is compared (A49); "" if no letter could reach anybody there.

    Trimmed, Unicode NFC, lower case, domain in ASCII. Dots and "+tag" stay: two such addresses
    are often two members of a family, on purpose.
    """
    address = unicodedata.normalize("NFC", unicodedata.normalize("NFC", _trimmed(text)).lower())
    local, _, domain = address.rpartition("@")
    domain = _ascii_domain(domain)
    if not local or not domain or "@" in local or any(_is_blank(letter) for letter in local):
        return ""
    key = f"{local}@{domain}"
    return key if len(key) <= _LONGEST_EMAIL else ""
