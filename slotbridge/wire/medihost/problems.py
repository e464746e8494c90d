"""What can be wrong with a document, each with its place and its code (section 11.3).

A text is an English source string with named placeholders; whoever shows it translates it. A
value of a personal attribute (a title, a name, a phone number …) is never among the parameters.

All codes have their texts here, also those that only the portal can find out. What a text says is
a `Kind`; called with a place and the text's parameters it makes a `Problem`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slotbridge.wire.medihost.model import Section


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: a code of section 11.3, where it is, and a sentence.

    `key` is the row's key as people write it: "SchedEvent/104", "391", "393/05.07.2010".
    """

    code: str
    text: str
    params: Mapping[str, object] = field(default_factory=dict)
    section: Section | None = None
    line: int | None = None
    column: int | None = None
    key: str = ""
    attribute: str = ""

    @property
    def is_error(self) -> bool:
        """Errors skip their row and forbid deletions in its section; warnings do neither (U-27)."""
        return self.code.startswith("E_")

    def __str__(self) -> str:
        return self.text % self.params


class DocumentRefused(Exception):
    """The document as a whole cannot be used: nothing of it is applied. Answer with `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code} at line {problem.line}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Kind:
    """A code and one of its texts."""

    code: str
    text: str

    def __call__(
        self,
        *,
        section: Section | None = None,
        line: int | None = None,
        column: int | None = None,
        key: str = "",
        attribute: str = "",
        **params: object,
    ) -> Problem:
        return Problem(self.code, self.text, params, section, line, column, key, attribute)


def _noop(text: str) -> str:
    """Marks a source string for translation, which is done by whoever shows it."""
    return text


# The request, told before the document is read.
WRONG_METHOD = Kind("E_METHOD", _noop("This address does not take %(method)s requests."))
NO_DOCUMENT = Kind("E_NO_XML", _noop("No document came: the form field “xml” is missing or empty."))
WRONG_PARAMETER = Kind(
    "E_PARAM", _noop("The parameter %(name)s is missing or is not a UNIX time in seconds.")
)
WRONG_ORDER_OF_TIMES = Kind("E_PARAM", _noop("The time in “start” is later than the one in “end”."))
KEY_MISSING = Kind("E_KEY_MISSING", _noop("The client key is missing. Nothing was applied."))
KEY_REFUSED = Kind(
    "E_KEY", _noop("The client key is wrong, was revoked or may not be used from this address.")
)
KEYS_DIFFER = Kind("E_KEY", _noop("Two different client keys came with one request."))
BUSY = Kind(
    "E_BUSY",
    _noop("Another import of this clinic is running. Send a newly built document in a minute."),
)

# The document: nothing of it is applied.
TOO_MANY_BYTES = Kind(
    "E_TOO_LARGE",
    _noop(
        "The document is larger than %(limit)d bytes. Nothing was applied; send its sections "
        "in several documents."
    ),
)
TOO_MANY_ELEMENTS = Kind(
    "E_TOO_LARGE",
    _noop(
        "The document has more than %(limit)d elements. Nothing was applied; send its sections "
        "in several documents."
    ),
)
TOO_DEEP = Kind(
    "E_TOO_LARGE",
    _noop("Elements are nested more than %(limit)d deep. Nothing was applied."),
)
VALUE_TOO_LONG = Kind(
    "E_VALUE_LONG",
    _noop("A value is longer than %(limit)d characters. Nothing was applied."),
)
UNDECODABLE = Kind(
    "E_ENCODING",
    _noop("The bytes are not text in %(encoding)s. Nothing was applied."),
)
HAS_DTD = Kind(
    "E_DTD",
    _noop("The document contains a DOCTYPE, which is never accepted. Nothing was applied."),
)
WRONG_ROOT = Kind("E_ROOT", _noop("The root element is not MediExchange. Nothing was applied."))
NOT_WELL_FORMED = Kind(
    "E_NOT_WELL_FORMED",
    _noop(
        "The document is not well-formed XML or was cut off: see line %(at_line)d, column "
        "%(at_column)d. Nothing was applied."
    ),
)
SECTION_TWICE = Kind(
    "E_SECTION_TWICE", _noop("The section %(name)s occurs twice. Nothing was applied.")
)
UNKNOWN_SYNC_MODE = Kind(
    "E_SYNC_MODE",
    _noop("SyncMode is “%(value)s”, but must be full or diff. Nothing was applied."),
)

# A row: it is skipped.
MISSING = Kind(
    "E_MISSING",
    _noop("A required value is missing. The row was skipped; its last good version stays."),
)
NO_INTEGER = Kind(
    "E_INTEGER",
    _noop("“%(value)s” is not a whole number. The row was skipped; its last good version stays."),
)
NO_DATE = Kind(
    "E_DATE",
    _noop("%(value)s is not a date. The row was skipped; its last good version stays."),
)
NO_TIME = Kind(
    "E_TIME",
    _noop("%(value)s is not a time of day. The row was skipped; its last good version stays."),
)
TIME_SKIPPED = Kind(
    "E_TIME_SKIPPED",
    _noop(
        "The clocks skip %(value)s on that day. The row was skipped; its last good version stays."
    ),
)
OUT_OF_RANGE = Kind(
    "E_RANGE",
    _noop(
        "%(value)s is not a number from %(least)d to %(most)d. The row was skipped; its last "
        "good version stays."
    ),
)
TEXT_TOO_LONG = Kind(
    "E_LONG",
    _noop(
        "The text is longer than %(limit)d characters. The row was skipped; its last good "
        "version stays."
    ),
)
WRONG_HOURS = Kind(
    "E_HOURS",
    _noop(
        "The work ends at %(end)s, before it begins at %(start)s. The row was skipped; its last "
        "good version stays. A shift past midnight is sent as two rows."
    ),
)
HALF_BREAK = Kind(
    "E_BREAK",
    _noop("Only one end of the break is given. The row was skipped; its last good version stays."),
)
WRONG_BREAK = Kind(
    "E_BREAK",
    _noop(
        "The break %(start)s–%(end)s does not lie within the work. The row was skipped; its last "
        "good version stays."
    ),
)
OVERLAP = Kind(
    "E_OVERLAP",
    _noop(
        "Working hours of this resource and day overlap and differ. None of its rows for that "
        "day was used; the last good version stays."
    ),
)
DUPLICATE = Kind(
    "E_DUPLICATE",
    _noop(
        "Several rows have this key and differ. None of them was used; the last good version stays."
    ),
)
BAD_SIBLING = Kind(
    "E_DUPLICATE",
    _noop(
        "Another row of this key was skipped for an error, so this one was not used alone; the "
        "last good version stays."
    ),
)
CONFLICT = Kind(
    "E_CONFLICT",
    _noop(
        "The value is given twice under two spellings and differs. The row was skipped; its last "
        "good version stays."
    ),
)
WRONG_STATUS = Kind(
    "E_STATUS",
    _noop("The status must be 0, 1 or 3. The row was skipped; the order keeps its status."),
)
ORDER_UNKNOWN = Kind(
    "E_ORDER_UNKNOWN",
    _noop("This clinic has no order of this number. The row was skipped."),
)
ORDER_FINAL = Kind(
    "E_ORDER_FINAL",
    _noop(
        "The order was rejected or withdrawn, which is final. The row was skipped; the order "
        "stays rejected."
    ),
)

# Warnings: the document, or the row, counts.
ENCODING_IGNORED = Kind(
    "W_ENCODING",
    _noop(
        "The document declares %(declared)s but is written in %(encoding)s; it was read as that."
    ),
)
ENCODING_GUESSED = Kind(
    "W_ENCODING",
    _noop("The document does not declare its encoding; it was read as %(encoding)s."),
)
CONTROLS_REMOVED = Kind(
    "W_CONTROL",
    _noop(
        "Control characters, which XML forbids, were removed: %(count)d, the first one in this "
        "line."
    ),
)
NAMESPACE_IGNORED = Kind(
    "W_NAMESPACE", _noop("The document uses an XML namespace, which was ignored.")
)
ODD_FORMAT = Kind(
    "W_FORMAT", _noop("The value is written in an unusual form; it was read as %(value)s.")
)
VALUE_IGNORED = Kind(
    "W_FORMAT", _noop("The value cannot be read; it is not needed and was ignored.")
)
EMPTY_BREAK = Kind("W_FORMAT", _noop("The break has no length; the row was used without a break."))
DEFAULT_USED = Kind("W_DEFAULT", _noop("The value is missing; %(value)s was used."))
NO_TABLE = Kind(
    "W_DEFAULT", _noop("The name of the table is missing; the row was used with an empty name.")
)
STEP_USED = Kind(
    "W_DEFAULT",
    _noop("The duration is missing; the step of the resource's appointment grid was used."),
)
TITLE_CUT = Kind(
    "W_LONG",
    _noop("The title is longer than %(limit)d characters; the rest was cut off. The time counts."),
)
UNKNOWN_ELEMENT = Kind("W_UNKNOWN", _noop("The element %(name)s is not known and was ignored."))
UNKNOWN_ATTRIBUTE = Kind("W_UNKNOWN", _noop("The attribute %(name)s is not known and was ignored."))
# With the code of what it is about.
MORE_ALIKE = _noop("The same in %(count)d more places of this section.")
RESOURCE_UNKNOWN = Kind(
    "W_RESOURCE",
    _noop(
        "Resource %(resource)d is not known; the row is kept and takes effect once it is imported."
    ),
)
GROUP_UNKNOWN = Kind(
    "W_GROUP",
    _noop("Group %(group)d is not known; the resource is shown without a group."),
)
NO_HOURS = Kind("W_NO_HOURS", _noop("The resource has no working time on this day."))
ROW_REPEATED = Kind("W_REPEAT", _noop("The row repeats one before it and counts once."))
IDS_REPEATED = Kind(
    "W_REPEAT",
    _noop(
        "Numbers of schedule rows repeat (%(count)d times, first here). They are not needed; "
        "all rows were used."
    ),
)
DELETIONS_WITHHELD = Kind(
    "W_WITHHELD",
    _noop(
        "%(count)d rows are missing from this section and were kept: so many deletions look "
        "like a fault. The clinic's staff can release them."
    ),
)
STATUS_STALE = Kind(
    "W_STATUS_STALE", _noop("The status is older than the order's and was ignored.")
)
READ_ONLY = Kind(
    "W_READ_ONLY", _noop("This value belongs to the portal; the different one was ignored.")
)
