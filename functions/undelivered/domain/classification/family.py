# ruff: noqa: E501 - each wording stays whole on its line
"""A family of wordings that mean the same, and building blocks for their patterns."""

from msgspec import Struct

from undelivered.domain.taxonomy import Reason


class Family(Struct, frozen=True):
    """Wordings that mean the same."""

    name: str  #: short and stable, shown to operators as what decided
    reason: Reason
    source: str  #: where the wordings are documented
    wordings: tuple[tuple[str, tuple[str, ...]], ...]  #: trigger words, and the patterns tried when one occurs
    temporary_as: Reason | None = None  #: the reason instead when the reply is temporary (4xx, 4.x.x)
    policy_as: Reason | None = None  #: the reason instead when the code is one of X.7.X: security or policy
    reply_as: Reason | None = None  #: the reason instead when a receiving server says so without naming the recipient
    is_weak: bool = False  #: single words, which yield to codes and to what the server had seen
    is_about_us: bool = (
        False  #: weak words that say so clearly whom they are about that no code makes them a dead address
    )
    recipient_as: Reason | None = None  #: the reason instead when the recipient is all that the reply speaks of
    message_as: Reason | None = None  #: the reason instead when the reply is to the message itself, after DATA


# Building blocks of patterns

BOX = (
    r"(?:e ?mail account|e ?mail address|mail ?box(?:es)?|mail ?drop|mail account|mail address|user ?name|user ?id|"
    r"user account|virtual user|users?|recipients? address(?:es)?|recipients?|accounts?|address(?:es)?|addressees?|"
    r"alias|local ?part|inbox|destination|mailing ?list|distribution list|group|account name|subscriber|customer|person|employee|mail user|email|e mail)"
)
NOT = r"(?:not|no longer|never|cannot be|can not be|could not be|couldnt be|isnt|wasnt|arent|didnt|not be)"
DO_NOT = r"(?:does not|doesnt|do not|dont|did not|didnt|does nt|no longer|not|doesn t|don t|cannot|never)"
LINK = (  # words that may stand between a mailbox and what is said about it, so that nothing else is meant
    r"(?:(?:is|are|was|has|have|been|being|that|you|tried|to|reach|status|for|this|the|a|currently|temporarily|now|already|"
    r"permanently|account|mail ?box|address|user|recipient|marked|as|set|reported|due|or|and|no|longer|not|exists?|unknown|"
    r"administratively|probably|may|be|because|on|our|server|system|your|message|trying|contact) ){0,10}?"
)
NO_FAULT_WORD = (
    r"(?! (?:error|reason|problem|command|status|failure|sender|host|client|domain|protocol|option|mailer|cause))"
)
GAP = r"(?:[^.;]{0,60} )?"  # some words of the same sentence
