"""The wordings by which receiving systems say why they refused a message: data, no logic.

A family is one way of saying one thing. Its wordings are grouped by a *trigger*: a word (or several, with `|` between
them) that must occur in the text before any of the wordings is tried. After a `+` come words of which one must occur as
well. Only the first four letters of a word count, so `limit` also covers limits and limited. Every wording must contain
one of its triggers. This keeps a classification fast, and keeps wordings about one thing together.

Families are tried from top to bottom: a family stands above those that it must win against. What is said about *us*
(our server, our domain, our message) stands above what is said about the recipient, because giving up a good address is
the costliest mistake.

Wordings are regular expressions on normalised prose: lower case, accents removed, apostrophes dropped (`doesnt`),
addresses, URLs, host names and codes removed, other punctuation turned to spaces, sentences ended by ` . `.
The families in `weak` come last, and only when no code says anything either: single words of a subject, such as a user
and a negation, where no wording is known.
Texts in other languages of which only single words are known are read once more in English, word by word (`glosses`).
The families in `codes` are matched against the lower-cased text as it came.

Every family names the source of its wordings: receivers' pages by title, programs by name.
"""

from undelivered.domain.classification.family import Family
from undelivered.domain.classification.wordings import (
    general,
    limits,
    other_languages,
    recipient,
    sender,
    sentences,
    weak,
)

PROSE: tuple[Family, ...] = (
    *sentences.STRONG,
    *sender.WORDINGS,
    *limits.WORDINGS,
    *recipient.WORDINGS,
    *sentences.PLAIN,
    *other_languages.SENTENCES,
    *other_languages.WORDINGS,
    *general.WORDINGS,
    *weak.WORDINGS,
)
