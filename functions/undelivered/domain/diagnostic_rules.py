# ruff: noqa: E501 - a wording stands whole on its line
"""The wordings and codes by which receiving systems say why they refused a message: data, no logic.

A family is one way of saying one thing. Its wordings stand under a *trigger*: a word (or several, `|` between
them) that must occur in the text before any of the wordings is tried; behind a `+`, words of which one must occur as
well. The first four letters of a word count, so `limit` stands for limits and limited too; every wording must contain
one of its triggers. That keeps a classification fast, and keeps wordings about one thing together. Families are tried from top to bottom, so a family stands above those it must win
against: what is said about *us* (our server, our domain, our message) above what is said about the recipient, since
giving up a good address is the costliest mistake.

Wordings are regular expressions on folded prose: lower case, accents removed, apostrophes dropped (`doesnt`),
addresses, URLs, host names and codes removed, other punctuation turned to spaces, sentences ended by ` . `.
Families of codes (`CODES`) are matched against the lower-cased text as it came.

Every family names where its wordings are documented. Receivers' pages are named by title, programs by name.
"""

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
    message_as: Reason | None = None  #: the reason instead when the reply is to the message itself, after DATA


# Building blocks of wordings ----------------------------------------------------------------------------------------

_BOX = (
    r"(?:e ?mail account|e ?mail address|mail ?box(?:es)?|mail ?drop|mail account|mail address|user ?name|user ?id|"
    r"user account|virtual user|users?|recipients? address(?:es)?|recipients?|accounts?|address(?:es)?|addressees?|"
    r"alias|local ?part|inbox|destination|account name|subscriber|customer|person|employee|mail user|email|e mail)"
)
_NOT = r"(?:not|no longer|never|cannot be|can not be|could not be|couldnt be|isnt|wasnt|arent|didnt|not be)"
_DO_NOT = r"(?:does not|doesnt|do not|dont|did not|didnt|does nt|no longer|not|doesn t|don t|cannot|never)"
_LINK = (  # words that may stand between a mailbox and what is said about it, so that nothing else is meant
    r"(?:(?:is|are|was|has|have|been|being|that|you|tried|to|reach|status|for|this|the|a|currently|temporarily|now|already|"
    r"permanently|account|mail ?box|address|user|recipient|marked|as|set|reported|due|or|and|no|longer|not|exists?|unknown|"
    r"administratively|probably|may|be|because|on|our|server|system|your|message|trying|contact) ){0,10}?"
)
_NO_FAULT_WORD = (
    r"(?! (?:error|reason|problem|command|status|failure|sender|host|client|domain|protocol|option|mailer|cause))"
)
_GAP = r"(?:[^.;]{0,60} )?"  # some words of the same sentence


CODES: tuple[Family, ...] = (
    Family(
        "qmail/refused_us",
        Reason.SENDER_BLOCKED,
        "qmail-remote: 'Connected to … but my name was rejected' or 'but sender was rejected'",
        (("rejected", (r"but (?:my name|sender) was rejected",)),),
    ),
    Family(
        "google/no_such_user",
        Reason.ADDRESS_NOT_FOUND,
        "Google Workspace Admin Help, Gmail SMTP errors and codes",
        (("nosuchuser|badrcptto", (r"\?p=nosuchuser", r"\?p=badrcptto")),),
    ),
    Family(
        "google/disabled_user",
        Reason.MAILBOX_DISABLED,
        "Google Workspace Admin Help, Gmail SMTP errors and codes",
        (("disableduser", (r"\?p=disableduser",)),),
    ),
    Family(
        "google/over_quota",
        Reason.MAILBOX_FULL,
        "Google Workspace Admin Help, Gmail SMTP errors and codes",
        (("overquotaperm|overquotatemp|overquota", (r"\?p=overquota",)),),
    ),
    Family(
        "google/receiving_rate",
        Reason.RATE_LIMITED,
        "Google Workspace Admin Help, Gmail SMTP errors and codes",
        (("receivingrate|receivingratepermanent", (r"\?p=receivingrate",)),),
    ),
    Family(
        "exchange/recipient_not_found",
        Reason.ADDRESS_NOT_FOUND,
        "Microsoft Learn, Email non-delivery reports and SMTP errors in Exchange Online",
        (
            (
                "recipnotfound|recipientnotfound|exrecipnotfound|invalidsmtp|invrecip|badprimary|recipientaddressnotfound|exrecipientnotfound",
                (
                    r"resolver\.adr\.(?:ex)?recip(?:ient)?notfound",
                    r"recip(?:ient)?notfound",
                    r"resolver\.adr\.(?:invalidsmtp|badprimary|invrecip)",
                ),
            ),
        ),
    ),
    Family(
        "exchange/not_authorized",
        Reason.RECIPIENT_REFUSED,
        "Microsoft Learn, NDR 5.7.1, 5.7.124, 5.7.133-136: the recipient takes mail from certain senders only",
        (("rst|resolver", (r"resolver\.rst\.(?:notauthorized|sendernotauth\w*|restrictedtorecipients\w*)",)),),
    ),
    Family(
        "exchange/restricted",
        Reason.CONTENT_REJECTED,
        "Microsoft Learn, NDR 5.7.1: senders must be authenticated",
        (("rst|resolver", (r"resolver\.rst\.(?:authrequired|recip(?:ient)?restricted|restrict\w*)",)),),
    ),
    Family(
        "exchange/size_limit",
        Reason.MESSAGE_TOO_LARGE,
        "Microsoft Learn, NDR 5.2.3 and 5.3.4",
        (
            (
                "recipsizelimit|sendsizelimit|sendersizelimit|messagetoolarge|msgsizelimit|sizelimit",
                (r"sizelimit", r"messagetoolarge"),
            ),
        ),
    ),
    Family(
        "exchange/quota",
        Reason.MAILBOX_FULL,
        "Microsoft Learn, NDR 5.2.2",
        (
            (
                "storedrv|mapiexceptionshutoffquotaexceeded|quotaexceeded|full",
                (r"quotaexceeded", r"storedrv\S*;? ?mailbox full"),
            ),
        ),
    ),
    Family(
        "exchange/mailbox_disabled",
        Reason.MAILBOX_DISABLED,
        "Microsoft Learn, NDR 5.2.1",
        (
            (
                "storedrv|mailboxdisabled|accountdisabled|disabled",
                (r"mailbox disabled", r"accountdisabled", r"mailboxdisabled"),
            ),
        ),
    ),
    Family(
        "exchange/expired",
        Reason.TIMED_OUT,
        "Microsoft Learn, NDR 4.4.7 and 5.4.300",
        (("queue", (r"queue\.expired",)),),
    ),
    Family(
        "exchange/relay",
        Reason.CONTENT_REJECTED,
        "Microsoft Learn, NDR 5.7.64 and 5.7.367",
        (("attr|tenantattribution", (r"tenantattribution",)),),
    ),
    Family(
        "microsoft/blocked",
        Reason.SENDER_BLOCKED,
        "Outlook.com Postmaster, Troubleshooting: SC-001 to SC-004, DY-00x, OU-00x, S3140, S3150",
        (
            ("sc", (r"\bsc-00[1-4]\b",)),
            ("dy", (r"\bdy-00[12]\b",)),
            ("ou", (r"\bou-00[12]\b",)),
            ("s3140|s3150", (r"\bs31[45]0\b",)),
        ),
    ),
    Family(
        "microsoft/rate",
        Reason.RATE_LIMITED,
        "Outlook.com Postmaster, Troubleshooting: RP-00x; S775, S77714",
        (("rp", (r"\brp-00[1-4]\b",)), ("s775|s77714|s844", (r"\bs(?:775|77714|844)\b",))),
    ),
    Family(
        "microsoft/directory_edge",
        Reason.ADDRESS_NOT_FOUND,
        "Microsoft Learn, Use Directory-Based Edge Blocking: 5.4.1 Recipient address rejected: Access denied",
        (
            (
                "access",
                (
                    r"5\.4\.1\s+(?:\[?<?\S{0,80}@\S{0,80}[>\]]?:?\s+|all )?recipient address(?:es)? rejected\s?:? access denied",
                ),
            ),
        ),
    ),
    Family(
        "yahoo/blocked",
        Reason.SENDER_BLOCKED,
        "Yahoo Sender Hub, SMTP Error Codes",
        (
            ("bl21|bl22|bl23|bl24|tss07|tss09|tss10|tss11|tss12|bl20", (r"\[(?:bl2\d|tss(?:07|09|1\d))\]",)),
            ("ts03|tss03|tss04|ts04|ts02|tss02|tss05|iptss04|ipts04|ts01|tss01|ts05", (r"\[?(?:ip)?tss?0[1-5]\]?",)),
        ),
    ),
    Family(
        "yahoo/content",
        Reason.CONTENT_REJECTED,
        "Yahoo Sender Hub, SMTP Error Codes: PH01, SPC",
        (("ph01", (r"\(ph01\)|\[ph01\]|\bph01\b",)),),
    ),
    Family(
        "microsoft/busy",
        Reason.RATE_LIMITED,
        "Microsoft Learn, 451 4.7.500-699: 'Server busy' of AS777nn is a limit set on the sender",
        (("as77712|as77713|as77714|as77715|as780090|as780091|as780092", (r"\bas7(?:77|80)\d+\b",)),),
    ),
    Family(
        "yahoo/authentication",
        Reason.SENDER_AUTHENTICATION,
        "Yahoo Sender Hub, SMTP Error Codes: AU01",
        (("au01", (r"\bau01\b",)),),
    ),
    Family(
        "aol/blocked",
        Reason.SENDER_BLOCKED,
        "AOL Postmaster, Error codes",
        (("rtr|rly|con|dyn", (r"\b(?:rtr:(?:bb|du|sc|bl|rd|ch|ge)|rly:(?:bl|ir|sn)|con:b1)\b",)),),
    ),
    Family(
        "aol/rate",
        Reason.RATE_LIMITED,
        "AOL Postmaster, Error codes",
        (("rly|dyn", (r"\b(?:rly:b[12]|dyn:t[12])\b",)),),
    ),
    Family(
        "aol/content",
        Reason.CONTENT_REJECTED,
        "AOL Postmaster, Error codes",
        (("hvu|rly", (r"\b(?:hvu:[a-z]\d?|rly:(?:bd|ch\d?|nw|cs\d))\b",)),),
    ),
    Family(
        "mailbox_filter",
        Reason.RECIPIENT_REFUSED,
        "RFC 3463 X.2.X is about the mailbox: what was filtered there, its owner's filter refused",
        (
            (
                "filtered",
                (
                    r"5\.2\.\d{1,3}[ >:.]{1,6}(?:\S{1,80}@\S{1,80} )?(?:message|mail) (?:is |was |has been )?filtered(?! by)",
                ),
            ),
        ),
    ),
    Family(
        "apple/content",
        Reason.CONTENT_REJECTED,
        "Apple Support, Postmaster information for iCloud Mail: [CS01], [HM08]",
        (
            (
                "cs01|cs02|hm07|hm08|cs00|cs03|cs04|cs05|cs06|cs07|cs08|cs09|hm01|hm02|hm03|hm04|hm05|hm06|hm09|hm00",
                (r"\[(?:cs0\d|hm0\d)\]",),
            ),
        ),
    ),
    Family(
        "comcast/blocked",
        Reason.SENDER_BLOCKED,
        "Comcast Postmaster, Error codes: BL0000nn, DNS lookup, ES0000nn",
        (
            (
                "bl000000|bl000001|bl000010|bl000011|bl000100|bl000101|es000001|es000010",
                (r"\b(?:bl|es)0000\d\d|bl000[01]\d\d\b",),
            ),
        ),
    ),
    Family(
        "comcast/rate",
        Reason.RATE_LIMITED,
        "Comcast Postmaster, Error codes: RL0000nn",
        (("rl000000|rl000001|rl000002|rl000003|rl000010|rl000101", (r"\brl0000\d\d|rl000101\b",)),),
    ),
    Family(
        "comcast/content",
        Reason.CONTENT_REJECTED,
        "Comcast Postmaster, Error codes: PVF, PH000001",
        (("ph000001|pvf000001", (r"\bph000001|pvf000001\b",)),),
    ),
    Family(
        "cox/blocked",
        Reason.SENDER_BLOCKED,
        "Cox Postmaster, Error codes: CXBL, CXDNS, CXTHRT, CXMJ",
        (("cxbl|cxdns|cxsndr|cxip|cxmx", (r"\bcx(?:bl|dns|sndr|ip|mx)\b",)),),
    ),
    Family(
        "spectrum/blocked",
        Reason.SENDER_BLOCKED,
        "Spectrum (Charter) Postmaster, AUP error codes",
        (("aup", (r"\baup#(?:in-)?\d{4}",)),),
    ),
    Family(
        "netease/rate",
        Reason.RATE_LIMITED,
        "NetEase Mail Help, Bounce codes: HL:ICC, HL:IFC, MI:DMC, MI:SFQ, RP:RCL, RP:DRC",
        (("hl|mi|rp|quota", (r"\b(?:hl:i[cf]c|mi:(?:dmc|sfq|qmc|ccl|cel)|rp:(?:rcl|drc|qrc|trc|ccl|cel))\b",)),),
    ),
    Family(
        "netease/blocked",
        Reason.SENDER_BLOCKED,
        "NetEase Mail Help, Bounce codes: DT:RBL, HL:REP, HL:MEP, WM:BLI, WM:BLU, MI:SPB",
        (("dt|hl|wm|mi", (r"\b(?:dt:rbl|hl:(?:rep|mep|iph)|wm:bl[iu]|mi:(?:spb|stc|nhd))\b",)),),
    ),
    Family(
        "netease/content",
        Reason.CONTENT_REJECTED,
        "NetEase Mail Help, Bounce codes: DT:SPM, DT:SUM, MI:SPF is apart",
        (("dt", (r"\bdt:(?:spm|sum|fnl)\b",)),),
    ),
    Family(
        "netease/authentication",
        Reason.SENDER_AUTHENTICATION,
        "NetEase Mail Help, Bounce codes: MI:SPF",
        (("mi|dt", (r"\b(?:mi:spf|dt:spf)\b",)),),
    ),
    Family(
        "orange/authentication",
        Reason.SENDER_AUTHENTICATION,
        "Orange and Laposte.net postmaster pages: codes ending in 517 are about DMARC",
        (("517", (r"\b(?:ofr|lpn)(?:\d{3})?_517\b",)),),
    ),
    Family(
        "orange/rate",
        Reason.RATE_LIMITED,
        "Orange and Laposte.net postmaster pages: codes ending in 103, 104 are about connections",
        (("ofr004|lpn004|ofr|lpn|104|103", (r"\b(?:ofr|lpn)(?:\d{3})?_10[34]\b",)),),
    ),
    Family(
        "orange/unknown",
        Reason.ADDRESS_NOT_FOUND,
        "Orange and Laposte.net postmaster pages: codes ending in 416",
        (("ofr|lpn|ofr006|lpn007|ofr007|lpn006|416", (r"\b(?:ofr|lpn)(?:\d{3})?_416\b",)),),
    ),
    Family(
        "orange/content",
        Reason.CONTENT_REJECTED,
        "Orange and Laposte.net postmaster pages: codes ending in 506 and 51x, the message was refused",
        (
            (
                "ofr|lpn|lpn007|ofr006|ofr007|506|510|511|512|513|514|515|516|517|518|519",
                (r"\b(?:ofr|lpn)(?:\d{3})?_(?:506|51\d)\b",),
            ),
        ),
    ),
    Family(
        "blocklist_link",
        Reason.SENDER_BLOCKED,
        "Spamhaus, SORBS, SpamCop, Barracuda, UCEPROTECT, Proofpoint, Cloudmark, Invaluement: look-up addresses of their lists",
        (
            (
                "spamhaus|sorbs|spamcop|barracudacentral|uceprotect|ipcheck|csi|cobion|invaluement|dnsbl|rbl|drbl|bl|abuseat|spfbl|njabl|psbl|mailspike|hostkarma|junkemailfilter|sender|denyip|surriel|manitu|sbl|zen|pbl|xbl",
                (
                    r"(?:spamhaus|sorbs|spamcop|abuseat|psbl|njabl|invaluement|spfbl|surriel|cobion|manitu)\.(?:org|net|com|de)\b",
                    r"barracudacentral\.org|uceprotect\.net|mailspike\.\w+|junkemailfilter\.com",
                    r"ipcheck\.proofpoint\.com|csi\.cloudmark\.com|sender\.office\.com",
                    r"(?:\bat|\bin|\bby|\bon|using) [\w.-]{0,40}\b(?:dnsbl|rbl|drbl|bl|zen|xbl|sbl|pbl)\.[\w-]{2,40}\.\w{2,}",
                    r"denyip\.php",
                ),
            ),
        ),
    ),
)

PROSE: tuple[Family, ...] = (
    Family(
        "spam_source",
        Reason.SENDER_BLOCKED,
        "QQ Mail 'Suspected spam sender', zone-mta's and AT&T's lists: the source is known for spam",
        (
            (
                "spam|spammer|spamming",
                (
                    r"spam (?:sender|source|sending (?:ip|host|server)|originat\w+)",
                    r"(?:identified|listed|known|marked) (?:as|for) (?:a )?(?:spammer|spamming|source of spam)",
                    r"blocked for spam\w*",
                ),
            ),
        ),
    ),
    Family(
        "listed_link",
        Reason.CONTENT_REJECTED,
        "URIBL, SURBL: a link in the message is listed, not the sender",
        (
            (
                "url|urls|uri|link|links",
                (
                    r"(?:black ?listed|listed|blocked|spammy|bad|malicious) (?:url|urls|uri|links?)\b",
                    r"(?:url|urls|uri|links?) (?:\w+ ){0,4}?(?:black ?listed|listed|blocked)\b",
                ),
            ),
        ),
    ),
    Family(
        "message_is_spam",
        Reason.CONTENT_REJECTED,
        "Google Groups, SpamAssassin milters, Barracuda, Exchange 5.7.350: the message was taken for spam",
        (
            (
                "spam",
                (
                    r"(?:message|mail|e ?mail|content|it) (?:\w+ ){0,5}?(?:rejected|refused|detected|classified|identified|considered|marked|recogni[sz]ed|blocked|flagged) (?:as|due to|for being|because it is|to be) (?:\w+ ){0,2}?spam",
                    r"(?:likely|suspected|probable|possible) (?:to be )?spam",
                ),
            ),
        ),
    ),
    Family(
        "expired",
        Reason.TIMED_OUT,
        "RFC 3463 X.4.7; Amazon SES 'Message expired'; Postfix, Exim, Sendmail, qmail, Exchange queue texts",
        (
            (
                "period|maximum|max",
                (
                    r"max(?:imum)? (?:retry|queue|delivery|lifetime) (?:period|lifetime|age|interval)? ?(?:\w+ ){0,2}?(?:exceeded|reached|expired)",
                ),
            ),
            (
                "expired|expire|expiration|exceeded|timeout",
                (
                    r"(?:message|delivery|mail|queue|envelope|transmission|deliverytime|delivery time|queue time|time) (?:\w+ ){0,2}?expired",
                    r"retry time ?out exceeded",
                    r"max(?:imum)? (?:retry|queue|delivery) (?:time|attempts|count)\w*(?: \w+){0,3} exceeded",
                    r"exceeded (?:the )?(?:max(?:imum)?|allowed|retry) (?:number of )?(?:\w+ )?(?:retr\w+|delivery attempts|queue\w*|time in queue|attempts)",
                    r"expired (?:before|in queue|after|from queue)",
                    r"(?:delivery|queue) (?:time ?out|period) (?:has )?expired",
                ),
            ),
            (
                "minutes|hours|days|within+allo|dela|deli|spec|unde",
                (
                    r"unable to deliver (?:\w+ ){0,3}?(?:in|for|within|after) \d+ (?:minutes|hours|days)",
                    r"not (?:be )?delivered (?:\w+ ){0,4}?(?:within|for|after|in) (?:more than |over )?\w+ (?:minutes|hours|days)",
                    r"(?:undelivered|undeliverable|not (?:been )?delivered|delayed) (?:after|for|since) (?:more than |over )?\d+ (?:minutes|hours|days)",
                    r"within the (?:allowed|allotted|specified) (?:queue )?(?:time|period)",
                ),
            ),
            (
                "queue|queued",
                (
                    r"(?:in|on) (?:the )?(?:mail )?queue (?:for )?(?:too|to) long",
                    r"queue(?:d)? (?:for )?too long",
                    r"been queued (?:for )?(?:too long|more than)",
                    r"allowed queue period",
                ),
            ),
            (
                "retries|retry|attempts|failing|gave|giving|give|unable|tries+afte|exce|exha|expi|many|not|time|up",
                (
                    r"after (?:multiple|several|repeated|many|\d+) (?:retries|attempts|tries|delivery attempts)",
                    r"too many (?:failed )?(?:retries|delivery attempts)",
                    r"(?:been )?failing for a long time",
                    r"retry time (?:was )?not reached",
                    r"(?:gave|giving|give) up (?:on|trying|delivery|sending)",
                    r"ive given up",
                    r"will not (?:be )?retr(?:y|ied) (?:further|any ?more)",
                    r"retries (?:have )?(?:been )?(?:exhausted|exceeded|expired)",
                ),
            ),
            ("connect|connection", (r"did not accept our requests to connect",)),
            ("long", (r"(?:message|mail) (?:has been |was )?(?:undeliverable|undelivered|delayed) (?:for )?too long",)),
        ),
    ),
    Family(
        "one_transaction_each",
        Reason.SERVER_UNAVAILABLE,
        "Google Workspace Admin Help, Gmail SMTP errors and codes: 4.3.0 and 4.5.3, to be tried in a transaction of its own",
        (("transaction", (r"(?:per|separate|in a single|this) transaction",)),),
    ),
    Family(
        "mailbox_busy",
        Reason.SERVER_UNAVAILABLE,
        "RFC 5321 450: 'mailbox busy'; Exim, Courier, qpopper: a mailbox locked by another process",
        (
            (
                "busy|locked|process|mailbox",
                (
                    r"mailbox (?:is )?(?:temporarily |currently )?(?:busy|in use)\b",
                    r"(?:temporarily|currently) locked\b",
                    r"locked by (?:another|other) (?:process|session|client)",
                ),
            ),
        ),
    ),
    Family(
        "protocol",
        Reason.SERVER_UNAVAILABLE,
        "RFC 5321 §4.2.4: 500, 502, 503, 504: the servers misunderstand each other",
        (
            (
                "command|verb|keyword|sequence",
                (
                    r"(?:command|verb|keyword) (?:\w+ )?(?:unrecogni[sz]ed|unknown|not (?:recogni[sz]ed|implemented|understood|supported))",
                    r"(?:unrecogni[sz]ed|unknown|unimplemented|invalid) (?:smtp |esmtp )?(?:command|verb)\b",
                    r"(?:bad|improper|invalid) (?:command )?sequence",
                ),
            ),
        ),
    ),
    Family(
        "session_idle",
        Reason.TIMED_OUT,
        "RFC 5321 §4.5.3.2, RFC 3463 X.4.2: a session closed because nothing was said",
        (
            (
                "inactivity|idle",
                (
                    r"(?:connection|session|link|channel|timeout|closing) (?:\w+ ){0,4}?(?:inactivity|idle)",
                    r"(?:idle|inactivity) (?:time ?out|too long|session|connection)",
                    r"^idle\b",
                ),
            ),
        ),
    ),
    Family(
        "not_verified_yet",
        Reason.SERVER_UNAVAILABLE,
        "Postfix, Address Verification Howto: unverified_recipient_defer",
        (("unverified", (r"unverified address",)),),
    ),
    Family(
        "unknown_host_temporary",
        Reason.SERVER_UNAVAILABLE,
        "Postfix, Exim, Sendmail: temporary failures of name resolution",
        (
            (
                "dns",
                (
                    r"dns (?:is )?(?:not available|unavailable|timed? ?out|query (?:failed|timed out)|server\w* (?:failed|unavailable|not responding))",
                    r"dns (?:\w+ ){0,3}?(?:not available or timed out)",
                ),
            ),
            (
                "again|temporary|temporarily|lookup|defer|deferred|servfail|resolution|transient+host|domain|name|dns|mx|address|lookup|look|resolution|servfail",
                (
                    r"(?:host|domain|name) (?:\w+ ){0,3}?not found [.;,]? ?(?:please )?try again",
                    r"(?:host|dns|mx|address|name) (?:\w+ )?look ?up (?:\w+ ){0,2}?(?:did not complete|temporar\w+|defer\w*|failed temporar\w+)",
                    r"(?:temporary|transient) (?:failure in )?(?:dns|name|host|mx)(?: \w+){0,2} (?:resolution|lookup|failure|error|problem|server)",
                    r"temporary (?:dns|lookup|name server|resolution) (?:failure|error|problem)",
                    r"temporary failure in name resolution",
                    r"servfail",
                ),
            ),
        ),
    ),
    # Our standing ---------------------------------------------------------------------------------------------------
    Family(
        "recipients_own_list",
        Reason.RECIPIENT_REFUSED,
        "Zoho, Mail.ru, MailEnable, SpamArrest, boxbe: texts of personal block and allow lists",
        (
            (
                "envelope",
                (r"envelope blocked user entry",),
            ),
            (
                "approved|preapproved",
                (
                    r"(?:sender|address|you) (?:\w+ ){0,3}?not (?:pre ?|yet )?approved",
                    r"sender not pre approved",
                ),
            ),
            (
                "whitelist|allowlist|contacts|contact|addressbook|address",
                (
                    r"not (?:on|in) (?:this|that|the|their|his|her) (?:users?|recipients?|persons?|customers?|addressees?)?s? ?(?:white ?list|allow ?list|contacts?(?: list)?|address ?book)",
                ),
            ),
            (
                "rejected|refused|blocked|declined+user|recipient|addressee|recipients",
                (
                    r"(?:rejected|refused|blocked|declined) by (?:this|the|that)? ?(?:user|recipients?|addressee)(?= and| \.|$)",
                ),
            ),
            (
                "recipient|recipients|user|users|addressee|account|mailbox+blac|bloc|by|decl|does|due|list|not|only|refu|reje|rest|send",
                (
                    r"(?<!ip )(?<!ip address )(?<!server )(?<!host )(?:blocked|rejected|refused|blacklisted|black listed|banned|denied|filtered) by (?:the |this |that |an? )?(?:recipient|user|addressee|mailbox owner|account owner)(?!s? (?:server|domain|organi|host|system|mail ?server|policy|spam|e ?mail (?:system|server)|defined|filter|content|rule))",
                    r"recipients? (?:has |have |had )?(?:blocked|blacklisted|rejected your (?:mail|message|address)|refused|refuses) (?:you|your|mail|messages?|e ?mails?|this sender|the sender|to (?:receive|accept))",
                    r"(?:on|in|to) (?:the )?(?:recipient|user|addressee)s? (?:personal |private |own )?(?:black ?list|block ?list|blocked senders|rejected senders|ignore list)",
                    r"not (?:on|in) (?:the )?(?:recipient|user|addressee)s? (?:white ?list|allow ?list|accept list|guest list|approved senders|safe senders)",
                    r"(?:recipient|user) (?:only accepts|accepts only|does not accept|doesnt accept|is not accepting|has chosen not to|does not want|doesnt want|does not wish) (?:to (?:receive|accept) )?(?:any )?(?:e ?mails?|mails?|messages?)(?: from (?:you|your|this|certain|specific|approved|known|authori[sz]ed|unknown|trusted))",
                    r"(?:sender|you) (?:is|are) (?:not )?(?:on|in) (?:the |this )?(?:recipient|user)s? \w+ list",
                    r"(?:recipient|user|mail ?box|account|addressee) (?:\w+ ){0,2}?only (?:accepts?|accepting|receives?|takes?) (?:e ?mails?|mails?|messages?)",
                    r"(?:account|mail ?box|user|recipient) (?:is )?protected by(?! (?:\w+ ){0,2}?(?:spam|anti|filter|firewall|virus)\b)",
                    r"(?:recipient|user) (?:has )?restricted",
                    r"recipients? (?:was|were) rejected by (?:a|the) remote (?:mail )?server",
                    r"due to (?:the )?(?:recipient|user|addressee)s? (?:preferences?|rules?|settings?|choice|request)",
                    r"(?:user|recipient|addressee) (?:refuses|refused|rejects|declines) (?:to (?:receive|accept) )?(?:this|your|the|any|such|all)? ?(?:e ?mail|mail|message)",
                ),
            ),
            (
                "refused",
                (r"delivery refused by (?:the )?(?:recipient|user|addressee)\b(?! (?:server|domain|host|system))",),
            ),
        ),
    ),
    Family(
        "authentication",
        Reason.SENDER_AUTHENTICATION,
        "RFC 7372, RFC 7489; Google, Microsoft, Yahoo sender requirements: SPF, DKIM, DMARC",
        (
            ("dmarc", (r"dmarc",)),
            ("dkim|domainkeys", (r"dkim", r"domainkeys")),
            ("spf", (r"spf",)),
            ("framework", (r"sender policy framework",)),
            ("openspf", (r"openspf",)),
            ("arc", (r"arc (?:validation|failed|failure)",)),
            (
                "unauthenticated|authentication|authenticated|authenticate",
                (
                    r"unauthenticated (?:e ?mail|mail|messages?|sender)",
                    r"(?:sender|message|mail|e ?mail|domain|from domain) (?:\w+ ){0,3}?(?:unauthenticated|not authenticated|failed authentication|authentication (?:failed|failure|checks?|required))",
                    r"(?:email|e mail|mail|message|sender|domain) authentication",
                    r"authentication (?:checks?|information|results?)",
                    r"failed (?:to pass )?authentication",
                    r"authentication level",
                    r"did not pass authentication",
                    r"require\w* (?:all )?senders to authenticate",
                ),
            ),
            ("sender", (r"sender id (?:\w+ )?(?:fail\w*|check|validation)",)),
            (
                "forged|spoofed|spoofing|spoof|fake",
                (r"(?:forged|spoofed|fake|spoofing) (?:sender|from|mail|e ?mail|message|domain|address)?",),
            ),
        ),
    ),
    Family(
        "login",
        Reason.CONTENT_REJECTED,
        "RFC 4954: the receiver wants the sender to log in, or refuses its login",
        (
            (
                "password|authentication|credentials|login",
                (
                    r"(?:username|user|login)(?: name)? (?:or|and) password",
                    r"authentication (?:data|credentials|failed|failure|unsuccessful|rejected)",
                    r"(?:incorrect|invalid|bad) (?:authentication|credentials|login|password)",
                ),
            ),
        ),
    ),
    Family(
        "malformed_message",
        Reason.SENDER_AUTHENTICATION,
        "RFC 5322, RFC 2822; Gmail 'not RFC 5322 compliant'; Exim and amavis header checks",
        (
            (
                "duplicated|duplicate",
                (r"duplicated? (?:\w+ )?headers?",),
            ),
            (
                "mime|structure|encoding|format",
                (
                    r"(?:invalid|bad|broken|malformed|illegal|incorrect) (?:mime|message|header)? ?(?:structure|mime|encoding|format of (?:the )?message)",
                    r"mime (?:\w+ ){0,2}?(?:error|invalid|reject)",
                ),
            ),
            (
                "without|missing|having|lacks|no|lacking+from|to|date|subject|message|cc|header|line|send|field",
                (
                    r"(?:without|missing|lacks|no|having no|lacking) (?:an? )?(?:valid )?(?:\w+ )?(?:to|from|date|message id|subject|cc|sender) (?:and \w+ )?(?:fields?|lines?|headers?)",
                ),
            ),
            (
                "date",
                (r"date (?:header|field|line)? ?(?:\w+ ){0,3}?(?:in the (?:past|future)|too old|invalid|malformed)",),
            ),
            (
                "line|lines",
                (r"lines? (?:\w+ ){0,2}?(?:too long|exceed\w*|longer)",),
            ),
            (
                "data",
                (r"invalid data in message",),
            ),
            (
                "rfc|rfc5322|rfc2822|rfc822|rfc5321|rfc2047|rfc2821|must|non|isnt|compliant|conform|rfccompliant|rfcviolation|violation|standard|section|requires|specification",
                (
                    r"(?:not|non|isnt|must be|be) (?!a valid)(?:\w+ ){0,3}?rfc ?\d* ?(?:compliant|conform\w*|complian\w*)",
                    r"rfc ?\d* ?(?:compliance|compliant|compatible|conform\w*|violation)",
                    r"violat\w+ (?:of )?rfc",
                    r"(?:not|does not|doesnt) (?:\w+ )?(?:comply|conform|follow|meet|compliant)(?: \w+){0,3} rfc",
                    r"rfc ?\d+ (?:specification|section|requires|standard)(?! for (?:recipient|address))",
                    r"according to rfc",
                ),
            ),
            (
                "header|headers",
                (
                    r"(?:missing|invalid|malformed|multiple|duplicate|bad|illegal|improper|several|no|more than one) (?:or \w+ )?(?:\w+ ){0,2}?headers?\b",
                    r"headers? (?:\w+ ){0,3}?(?:missing|invalid|malformed|not valid|is not allowed|contains? (?:illegal|invalid|non ascii|8 ?bit)|syntax)",
                    r"syntax (?:error )?in (?:\w+ )?headers?",
                    r"headers? (?:check|syntax)",
                    r"messages? (?:with|missing|containing|contains?|has|having) (?:\w+ ){0,4}?headers?",
                ),
            ),
            ("multiple", (r"multiple (?:\w+ )?(?:addresses|mailboxes|senders) in (?:the )?(?:from|sender)",)),
            (
                "bare|malformed|noncompliant|nonstandard",
                (
                    r"bare (?:lf|cr|linefeed|line feed|newline|carriage return)",
                    r"malformed (?:message|mail|e ?mail|mime|from)",
                    r"(?:message|mail) (?:\w+ ){0,2}?malformed",
                    r"noncompliant",
                ),
            ),
            (
                "bdat|smtputf8|8bit",
                (r"smtputf8 (?:is )?(?:required|not supported|but was not)", r"not (?:offer|support) smtputf8"),
            ),
        ),
    ),
    Family(
        "tls",
        Reason.SENDER_AUTHENTICATION,
        "RFC 3207, RFC 8461; Postfix, Exchange and Gmail TLS texts",
        (
            (
                "tls|starttls|ssl|certificate|encrypted|encryption|dane|tlsa|connection+cann|erro|expi|fail|hand|inva|mand|mism|must|need|nego|no|not|plea|refu|requ|self|shou|unab|unav|unkn|untr|veri",
                (
                    r"(?:must|need to|please|should) (?:issue|use|send|start) (?:a )?(?:starttls|tls|ssl|encryption)",
                    r"(?:starttls|tls|ssl|encryption|encrypted connection|secure connection) (?:\w+ ){0,4}?(?:required|requires|mandatory|not available|unavailable|failed|failure|refused|not offered|not supported|error|handshake|negotiation|is needed|not possible)",
                    r"requires? (?:\w+ ){0,2}?(?:starttls|tls|ssl|encryption|encrypted)",
                    r"(?:cannot|can not|could not|failed to|unable to) (?:start|negotiate|establish|initiate) (?:\w+ )?(?:tls|ssl|starttls)",
                    r"(?:server|peer|remote)? ?certificate (?:\w+ ){0,4}?(?:expired|not trusted|not verified|verification|verify|invalid|mismatch|failed|untrusted|not match)",
                    r"certificate (?:is )?(?:self signed|unknown)",
                    r"no (?:usable )?tlsa",
                    r"does not (?:support|offer) (?:starttls|tls|encryption)",
                ),
            ),
        ),
    ),
    Family(
        "reverse_dns",
        Reason.SENDER_BLOCKED,
        "RFC 7372 X.7.25; Gmail, Comcast, Postfix reject_unknown_client_hostname, Mail.ru",
        (
            ("ptr", (r"ptr",)),
            ("rdns|fcrdns|iprev", (r"rdns", r"fcrdns", r"iprev")),
            (
                "reverse",
                (
                    r"reverse (?:dns|hostname|host|lookup|look ?up|ip|name|record|mapping|address|entry|resolution|domain|path)",
                    r"(?:no|missing|without|invalid|bad) reverse",
                ),
            ),
            ("forward", (r"forward (?:confirmed|and reverse|dns|lookup)",)),
            (
                "hostname|resolve|resolved|resolves|cannot|dynamic",
                (
                    r"cannot find your (?:reverse )?(?:host ?name|ip|address)",
                    r"(?:cannot|can not|could not|unable to|cant|does not|doesnt|not) resolve (?:\w+ ){0,4}?(?:your|client|sender|sending|connecting|helo|ip)\b",
                    r"(?:your|client|sending|connecting) (?:\w+ ){0,3}?(?:does not|doesnt|cannot be|could not be|must|not) resolved?",
                    r"(?:client|connecting|sending) host(?:name)? (?:\w+ )?(?:unknown|not found|is not)",
                    r"dynamic (?:host ?name|ip|looking)",
                ),
            ),
            ("unverifyable|unverifiable", (r"unverif[iy]able (?:sending )?ips?",)),
            (
                "dns",
                (
                    r"(?:your|the sending|sending|connecting|client) (?:server|ip|host|mta)(?: \w+){0,4} dns",
                    r"dns (?:entry|record)s? (?:of|for) (?:your|the sending|the connecting)",
                    r"missing dns record",
                ),
            ),
        ),
    ),
    Family(
        "sender_address",
        Reason.SENDER_BLOCKED,
        "RFC 3463 X.1.7, X.1.8; Postfix reject_unknown_sender_domain, Exim sender verify, Sendmail check_mail",
        (
            (
                "your",
                (
                    r"your (?:\w+ ){0,2}?(?:domain|mx|records?|host|hostname|server|return address|from address|sender) (?:\w+ ){0,3}?(?:not found|not exist|doesnt exist|invalid|not valid|has no|unresolv\w+)",
                ),
            ),
            (
                "return|reply|originating|bounce",
                (
                    r"(?:return|reply|reply to|originating|bounce) address (?:\w+ ){0,4}?(?:does not|doesnt|not found|invalid|not valid|unknown|rejected)",
                ),
            ),
            (
                "from",
                (r"you (?:are )?(?:send|sending|sent|using|used) from\b",),
            ),
            (
                "envelope",
                (r"envelope (?:blocked|rejected|refused)",),
            ),
            (
                "sending|senders",
                (
                    r"sending (?:address|domain|user|email|account) (?:\w+ ){0,2}?(?:not accepted|rejected|refused|denied|blocked|invalid|banned|does not|doesnt|not found|unknown)",
                ),
            ),
            (
                "emetteur|expediteur|absender|remitente|remetente|mittente|nadawca|отправител",
                (
                    r"(?:emetteur|expediteur|absender\w*|remitente|remetente|mittente|nadawc\w) (?:\w+ ){0,4}?(?:invalide?|refuse\w*|bloque\w*|inconnu\w*|unbekannt|abgelehnt|gesperrt|ungultig\w*|rechazad\w|bloquead\w|desconocid\w|invalid\w|rejeitad\w|bloccat\w|rifiutat\w|sconosciut\w|odrzucon\w|zablokowan\w|nicht (?:\w+ )?(?:erlaubt|akzeptiert))",
                    r"отправител\w* (?:\w+ ){0,4}?(?:отклонен\w?|заблокирован\w?|не существует|запрещен\w?)",
                ),
            ),
            (
                "发件人|发信人|寄件者|送信者|送信元|发件域",
                (
                    r"(?:发件人|发信人|发件域|寄件者|送信者|送信元).{0,14}(?:拒绝|拒收|屏蔽|黑名单|封|被禁|不存在|无效|拒否|ブロック|無効)",
                ),
            ),
            (
                "sender|senders|from|mailfrom|envelope|domain|return|use|verification",
                (
                    r"sender (?:address |domain |e ?mail |host |hostname |name |server |ip |mail |addr )?(?:\w+ ){0,2}?(?:rejected|refused|denied|blocked|banned|not allowed|not accepted|unknown|invalid|not found|does not exist|doesnt exist|not exist|not valid|verif\w+|must exist|not authori[sz]ed|unauthori[sz]ed|prohibited|disallowed|not permitted|blacklisted|unverified|undeliverable|does not resolve|not resolvable|required|failed|is on|disabled)",
                    r"(?:invalid|bad|unknown|unauthori[sz]ed|illegal|blocked|banned|prohibited|rejected|unresolvable|unverified|missing|null|empty|non existent|nonexistent|fake|untrusted|unwanted) (?:\w+ )?sender",
                    r"domain (?:name )?of (?:the )?senders?",
                    r"senders? domain",
                    r"(?:your|sending) (?:\w+ ){0,2}?domain (?:\w+ ){0,4}?(?:not found|not exist|doesnt exist|has no|no mx|invalid|resolv\w*|rejected|refused|denied|listed)",
                    r"(?:envelope|return) (?:from|sender|path) (?:address |domain )?(?:\w+ ){0,3}?(?:rejected|refused|invalid|not|does|doesnt|unknown|blocked|failed)",
                    r"mail ?from (?:command |address |domain )?(?:\w+ ){0,3}?(?:rejected|refused|denied|invalid|not|does not exist|blocked|failed|unknown|must)",
                    r"(?:from|envelope from|header from) (?:address|domain|header) (?:\w+ ){0,3}?(?:rejected|refused|denied|invalid|not|does|doesnt|unknown|blocked|is)",
                    r"(?:not|isnt|arent) (?:a )?(?:allowed|authori[sz]ed|permitted) to (?:send|use)(?: \w+){0,3} (?:from|as|sender|this domain|sender address)",
                    r"rejects? (?:all )?(?:mail|messages?|e ?mail) (?:from )(?:your|this sender|this domain|sender)",
                    r"(?:mail|messages?|e ?mails?) from (?:your (?:domain|address|e ?mail|server|host|network|ip|system|location|country)|you|this (?:domain|sender|ip|host|address|server|network))(?: \w+){0,4} (?:rejected|refused|denied|blocked|not accepted|not allowed|banned|not welcome|is not|are not|not be accepted)",
                    r"will not accept mail from",
                    r"(?:do|does|will) not accept (?:\w+ ){0,2}?(?:mail|messages?|e ?mail|connections?) from (?!.*(?:recipient|user))",
                    r"callout verification fail",
                    r"mail ?from (?:\w+ ){0,2}?mismatch\w*",
                    r"sender (?:\w+ ){0,3}?not in my domain",
                    r"verif\w+ (?:of )?(?:the )?(?:sender|return)",
                ),
            ),
            ("callout", (r"sender (?:verify )?call ?out", r"callback verification")),
            ("helo|ehlo", (r"(?:helo|ehlo)",)),
            ("postmaster|abuse", (r"(?:no|missing|must have) (?:a )?(?:valid )?postmaster",)),
        ),
    ),
    Family(
        "blocklist",
        Reason.SENDER_BLOCKED,
        "RFC 5782; Spamhaus, SpamCop, SORBS, Barracuda, Cloudmark, Trend Micro, Proofpoint, Invaluement; Postfix RBL reply",
        (
            (
                "sperrliste|noire|negra|nera|liscie|черном|черный|чёрном|списке|список|blockierliste|kara|lista",
                (
                    r"sperrliste|blockierliste|liste noire|lista negra|lista nera|czarn\w+ (?:liscie|liste)|kara liste",
                    r"черн\w+ (?:списк\w*|список)",
                ),
            ),
            (
                "黑名单|黑名單|ブラックリスト|블랙리스트|블랙",
                (r"黑名[单單]|ブラックリスト|블랙 ?리스트",),
            ),
            (
                "blacklist|blacklisted|blacklists|blacklisting|blocklist|blocklisted|blocklists|denylist|rbl|dnsbl|rhsbl|rbls|dnsbls|uribl",
                (r"(?:black|block|deny) ?list(?:ed|s|ing)?", r"rbls?", r"dnsbls?", r"rhsbl"),
            ),
            ("black|block", (r"(?:black|block) (?:list|listed|lists)\b",)),
            (
                "spamhaus|spamcop|sorbs|barracudacentral|surbl|cbl|pbl|xbl|zen|abuseat|senderscore|senderbase|invaluement|ivmsip|uceprotect|njabl|psbl|mailspike|manitu|cloudmark|barracuda|sbl|spamrl|symantec|cobion",
                (
                    r"(?:spamhaus|spamcop|sorbs|barracudacentral|uceprotect|abuseat|senderscore|senderbase|ivmsip|njabl|psbl|mailspike|invaluement|cobion|spamrl)",
                    r"(?:listed|blocked|found) (?:\w+ ){0,4}?(?:cbl|pbl|xbl|sbl|zen|barracuda|cloudmark|surbl|symantec)",
                ),
            ),
            (
                "blocked|block|rejected|refused|denied|listed|found|presence+at|by|in|on|usin|via|with",
                (
                    r"(?:blocked|rejected|refused|denied) (?:using|via|based on)",
                    r"(?:client|host|server|ip|address|mta|sender|network|domain|you|your \w+) (?:(?!not )\w+ ){0,5}?(?:listed|found) (?:at|by|in|on|with)\b",
                    r"listed (?:at|by|in|on) (?:the )?(?:\w+ ){0,3}?(?:list|lists|database|dns)",
                    r"due to (?:its |their |a )?(?:listing|presence) (?:in|on)",
                ),
            ),
        ),
    ),
    Family(
        "reputation",
        Reason.SENDER_BLOCKED,
        "Gmail, Cisco Talos (IronPort), Mimecast, Microsoft and Apple reputation texts",
        (
            ("reputation", (r"reputation",)),
            ("senderbase|talos|senderscore", (r"senderbase|talos|senderscore",)),
        ),
    ),
    Family(
        "full",
        Reason.MAILBOX_FULL,
        "Postfix virtual_mailbox_limit, Yandex 'Mailbox size limit exceeded', MailEnable, CommuniGate",
        (
            (
                "full|overquota|over",
                (
                    r"mailbox (?:is |are |was )?(?:currently |now |already )?full\b",
                    r"(?:account|user|recipient|inbox|mailfolder|folder) (?:is )?(?:over ?quota|full)\b",
                ),
            ),
            (
                "overquota|over",
                (
                    r"over ?quota\b",
                    r"over (?:the |its |his |their |allowed |allocated |disk |storage |mail )*quota",
                ),
            ),
            (
                "quota",
                (
                    r"(?:disk|disc|mailbox|user|users|storage|recipient|account|mail store) quota (?:\w+ ){0,3}?(?:exceed\w*|full|reached|violat\w*|used)",
                    r"mailbox (?:\w+ ){0,3}?quota",
                ),
            ),
            (
                "space|room|storage",
                (
                    r"(?:not enough|insufficient|no|out of) (?:free |more |available )?(?:\w+ )?(?:space|room|storage) (?:\w+ ){0,2}?(?:in|on|for|left in) (?:\w+ ){0,3}?(?:mailbox|inbox|account|users?|recipients?)",
                ),
            ),
            (
                "stored",
                (r"too much (?:mail|data) (?:\w+ )?stored",),
            ),
            (
                "file",
                (r"file too large(?=$| \.| :)",),
            ),
            (
                "mailbox|inbox|maildir|mailboxes|server|mails|box|messages|emails+exce|full|limi|over|reac|too|viel|zuvi",
                (
                    r"(?:mail ?box|in ?box|mail ?dir) (?:\w+ )?(?:size|limit|storage)(?: limit)? (?:\w+ ){0,2}?(?:exceed\w*|reached|full)",
                    r"(?:mail ?box|in ?box|mail ?dir) (?:\w+ ){0,2}?(?:exceeds?|exceeded|over) (?:\w+ ){0,3}?(?:size|limit|allowed|quota|maximum)",
                    r"too many (?:messages|mails) (?:in|on|for) (?:this |the |users? |that )?(?:mail ?box|in ?box|account|server)",
                    r"zu ?viele (?:e ?)?mails",
                ),
            ),
        ),
    ),
    Family(
        "unusual_rate",
        Reason.SENDER_BLOCKED,
        "Google Workspace Admin Help, Gmail SMTP errors and codes: X.7.28, a block of the sending address or domain",
        (
            (
                "unusual",
                (
                    r"unusual (?:rate|amount|volume) of (?:\w+ )?(?:e ?)?mail(?!.{0,200}rate limit)",
                    r"unusual (?:traffic|activity)",
                ),
            ),
        ),
    ),
    Family(
        "rate",
        Reason.RATE_LIMITED,
        "RFC 3463 X.4.5, RFC 6647; Gmail, Microsoft, Yahoo, Postfix anvil, Exim, QQ and Zoho rate texts",
        (
            (
                "max|maximum|flood|submission|rate",
                (
                    r"max(?:imum)? (?:number of )?(?:messages?|mails?|recipients?|rcpts?) per (?:connection|session|hour|day|minute)",
                    r"flood (?:control|protection|limit)",
                    r"(?:submission|sending|message|mail) rate (?:\w+ ){0,5}?exceeded",
                ),
            ),
            (
                "verbindungen|nachrichten|connexions|conexiones|conexoes|connessioni|polaczen|messages|mensajes|mensagens|destinataires|destinatarios|wiadomosci|anfragen|limite|viele|zuviele|trop|demasiadas|demasiados|muitas|muitos|zbyt|troppe|troppi",
                (
                    r"zu ?viele (?:verbindungen|nachrichten|anfragen|empfanger|fehler|zugriffe)",
                    r"trop de (?:connexions?|messages|destinataires|requetes|mails)",
                    r"demasiad\w+ (?:conexiones|mensajes|destinatarios|correos)",
                    r"muit\w+ (?:conexoes|mensagens|destinatarios|emails)",
                    r"trop\w+ (?:connessioni|messaggi|destinatari)",
                    r"zbyt (?:wiele|duzo|czesto) (?:polaczen|wiadomosci|odbiorcow)?",
                    r"limite (?:de|d|di) (?:envio|envois?|invio|mensagens|mensajes|conexoes|conexiones|connexions|messaggi)",
                ),
            ),
            (
                "слишком|превышен|превышено|превышена",
                (
                    r"слишком (?:много|часто)",
                    r"превышен\w? (?:\w+ ){0,3}?(?:числ\w+|количеств\w+|лимит\w*|частот\w+) (?:\w+ )?(?:писем|сообщени\w*|соединени\w*|подключени\w*|получател\w*|отправ\w*)",
                ),
            ),
            (
                "频率|连接数|并发|发信量|送信数|同時接続|接続数|大量信件|发信数量|邮件数量|通数|大量|送信",
                (
                    r"(?:频率|连接数|并发|发信量|发信数量|邮件数量).{0,10}(?:超|限制|过大|过多|过高)",
                    r"短期内.{0,6}大量",
                    r"(?:送信数|同時接続|接続数|通数|送信).{0,8}(?:多すぎ|制限|超え|上限)",
                ),
            ),
            (
                "many|much",
                (
                    r"(?:too|to) many (?:\w+ ){0,3}?(?:connections?|messages?|mails?|e ?mails?|sessions?|requests?|recipients?|recips|rcpts?|errors?|hits|attempts|transactions?|commands?|concurrent|sends|smtp|open|deliveries|threads|simultaneous|bad|invalid|unknown|failed|failures|unrecognized)",
                    r"(?:too|to) much (?:\w+ )?(?:mail|traffic|messages?)\b(?! data)",
                    r"(?:sent|sending|received|receiving) (?:too many|too much)",
                ),
            ),
            (
                "rate|ratelimit|ratelimited|throttled|throttling|throttle|quickly|frequency|frequent|frequently|fast|flood|flooding|slow|volume|bulk|sending|flow",
                (
                    r"(?:rate|sending|frequency|volume|flow) (?:\w+ ){0,2}?(?:limit\w*|exceeded|control\w*|restrict\w*|throttl\w*)",
                    r"(?:exceed\w*|over|limit\w*|reached|high|unusual|excessive) (?:\w+ ){0,5}?(?:rate|frequency|volume)\b",
                    r"rate ?limit\w*",
                    r"throttl\w*",
                    r"(?:too|more) (?:quickly|fast|frequent\w*)",
                    r"at a rate that prevents",
                    r"frequency (?:limited|limit|exceed\w*)",
                    r"(?:mail|message|e ?mail) flood\w*",
                    r"slow down",
                    r"rate of (?:unsolicited|mail|messages)",
                    r"unexpected volume",
                ),
            ),
            (
                "limit|limits|limited|exceeded|exceeds|exceed|maximum|reached|quota|hit|over|max|number+amou|conc|conn|dail|doma|emai|hour|ip|mail|mess|numb|per|rate|reci|rela|send|sess|simu|smtp|thre",
                (
                    r"(?:connections?|messages?|recipients?|concurrency|session|hourly|daily|sending|smtp|per (?:hour|day|minute|session|connection)|domain|ip|simultaneous) (?:(?!size|length|storage|space|quota)\w+ ){0,2}?limits? (?:\w+ ){0,2}?(?:exceeded|reached|hit)",
                    r"(?:sending|daily|hourly|relay) (?:\w+ ){0,2}?quota",
                    r"quota for sending",
                    r"(?:exceed\w*|reached|over|hit) (?:the |its |your |our |a )?(?:(?!size|length|storage|space)\w+ ){0,4}?(?:connections?|connection|messages|recipients(?! size)|concurrent|concurrency|hourly|daily|sending|per (?:hour|day|minute|session|connection))(?: \w+){0,2} (?:limits?|quota|allowed|rate|number|per|in)\b",
                    r"(?:max(?:imum)?|limit) (?:number )?(?:of )?(?:concurrent |simultaneous |parallel )?(?:connections?|messages|recipients|sessions|emails|e mails|mails)\b",
                    r"sending limit",
                    r"(?:limit|limits) (?:on|for|of) the (?:number|amount|rate)",
                    r"number of (?:messages|mails|emails|recipients|connections) (?:\w+ ){0,3}?per (?:hour|day|minute|session|connection)",
                    r"(?:connections?|messages) (?:number )?(?:is |are )?limited",
                    r"peak smtp relay limit",
                    r"thread limit exceeded",
                ),
            ),
            (
                "concurrent|concurrency|simultaneous",
                (r"(?:concurrent|simultaneous) (?:connections?|sessions?|deliver\w+)", r"concurrency"),
            ),
        ),
    ),
    Family(
        "greylisting",
        Reason.RATE_LIMITED,
        "RFC 6647, Email Greylisting",
        (
            (
                "grise|gris|graue",
                (r"liste grise|lista gris|graue liste",),
            ),
            (
                "greylisted|greylisting|graylisted|graylisting|greylist|graylist|postgrey|grey|gray|greylists",
                (r"gr[ea]y ?list\w*", r"postgrey"),
            ),
        ),
    ),
    Family(
        "service_refused",
        Reason.SENDER_BLOCKED,
        "Orange and Laposte.net postmaster pages: 'Service refuse', a block by reputation",
        (("refuse|refused", (r"service refus(?:e|ed)\b",)),),
    ),
    Family(
        "sender_blocked",
        Reason.SENDER_BLOCKED,
        "RFC 3463 X.7.1; Cisco IronPort, Barracuda, Yahoo, T-Online, AT&T, Charter, Microsoft 'banned sending IP'",
        (
            (
                "client|black",
                (
                    r"client (?:is |was |has been )?blocked\b",
                    r"black ip\b",
                ),
            ),
            (
                "dynamic|residential|dialup|dial",
                (r"(?:ip|address|host|client) (?:\w+ ){0,3}?(?:dynamic|residential|dial ?up)\b",),
            ),
            (
                "firewall",
                (r"rejected by (?:our |the )?firewall",),
            ),
            (
                "country|countries|geographic",
                (
                    r"(?:from|in) (?:your|this|that) country",
                    r"geographic\w* location",
                ),
            ),
            (
                "confirmation|confirm",
                (
                    r"(?:your|sending) server requires confirmation",
                    r"confirm (?:this|your) mail server",
                ),
            ),
            (
                "rbl|ip|remote",
                (r"(?:rbl|remote ip|ip|client ip) (?:check|lookup|verification) (?:error|failed|deny|denied)",),
            ),
            (
                "ip|ihr|ihre|votre|seu|vostro|ваш|adresse|servidor|dominio+gesp|gebl|bloq|blok|bloc|zabl|забл|reje|refu|abge|rech|откл|запр",
                (
                    r"(?:ip|ihre?\w? (?:server|domain|adresse|ip)|votre (?:serveur|domaine|adresse|ip)|su (?:servidor|dominio|ip)|seu (?:servidor|dominio|ip)|adresse ip|ваш\w? (?:ip|сервер|домен|адрес)) (?:\w+ ){0,6}?(?:gesperrt|geblockt|blockiert|bloque\w*|bloquead\w|bloccat\w|zablokowan\w|заблокирован\w*|abgelehnt|rechazad\w|rejeitad\w|отклонен\w?|запрещен\w?)",
                ),
            ),
            (
                "接続元|ip地址|ipアドレス|来信ip|发信ip|送信元ip|发送ip|ip发送|ip",
                (
                    r"(?:接続元|送信元|发信|来信|发送|该)? ?ip ?(?:アドレス|地址)?.{0,12}(?:拒否|ブロック|制限|規制|拒绝|屏蔽|封|禁止|异常)",
                ),
            ),
            (
                "ip|ips|network|host|server|client|connection|connections|mta|isp|subnet|ipv6|ipv4|whitelist+abus|addr|bad|bann|barr|blac|bloc|comp|deni|deny|disa|drop|dyna|forb|gene|infe|list|no|not|proh|refu|reje|resi|spam|susp|unau",
                (
                    r"(?:your|sending|senders?|source|client|originating|connecting|this|the|remote|from) (?:\w+ ){0,2}?(?:ip|ips|network|host|server|mta|mail server|ip address|ipv[46]|subnet|isp)(?: address(?:es)?)? (?:\w+ ){0,5}?(?:blocked|banned|denied|rejected|refused|listed|not allowed|not accepted|blacklisted|suspended|prohibited|forbidden|barred|not authori[sz]ed|not permitted|not welcome|spammers?|suspicious|compromised|infected|abus\w+|bad|disallowed|not allow\w*)",
                    r"(?:blocked|banned|denied|rejected|refused|blocking|rejecting|deny|reject|forbidden|suspicious|bad|dynamic|residential|generic|unauthori[sz]ed) (?:(?!destination|recipient|remote|target)\w+ )?(?:ip|ips|ip address|sending ip|client|network|host)\b",
                    r"ip (?:address )?(?:\w+ ){0,3}?(?:blocked|banned|denied|rejected|refused|block|not in white ?list|unauthori[sz]ed|forbidden|is bad)",
                    r"(?:client|connecting) host (?:\w+ ){0,3}?(?:rejected|blocked|denied|refused)",
                    r"connections? (?:\w+ ){0,4}?(?:will not be accepted|not accepted|not allowed|denied|prohibited|blocked)",
                    r"(?:connection|connect) (?:\w+ )?(?:rejected|denied|dropped|refused) (?!by (?:the )?(?:remote|peer|foreign|other|host))(?:\w+ ){0,3}?(?:due to|for|by|because|abuse|policy|spam)",
                    r"not (?:in|on) (?:our |the )?white ?list",
                    r"(?:no|not an?) (?:smtp|esmtp|mail) service (?:here|available for)?",
                ),
            ),
            (
                "access|banned|blocked|allowed|permission|connect|denied|rejected|blacklisted|refused|country|geo|filter|restrict|ban",
                (
                    r"(?:your|client) access (?:\w+ ){0,8}?(?:rejected|denied|blocked|refused)",
                    r"(?:not|arent) (?:allowed|permitted|authori[sz]ed) (?:to )?(?:connect|access)",
                    r"banned (?:sending|sender|for|by)",
                    r"you (?:are|have been|were|re) (?:\w+ )?(?:banned|blocked|blacklisted|rejected|denied)",
                    r"(?:domain|sender|address|server|host|network|country|region|isp|provider|organi[sz]ation) (?:is |has been |was |are |have been |being )?(?:\w+ )?(?:banned|blocked) (?:due|for|because|by|from|at|on|locally)",
                    r"(?:blocked|rejected|denied|refused) (?:due to|because of|based on|for) (?:\w+ ){0,3}?(?:geo\w*|country|location|region|abuse|complaints|sender|history|domain)",
                    r"(?:geo\w*|country) (?:\w+ )?(?:block\w*|ban\w*|restrict\w*|filter\w*)",
                    r"access denied (?:\w+ ){0,2}?(?:banned|bad|traffic|tenant|spam)",
                    r"mail server (?:\w+ ){0,3}?blocked",
                ),
            ),
            (
                "complaints|complaint|abuse|abusive|abused|unsolicited|deferred",
                (
                    r"(?:user|users|customer|recipient|spam|abuse) complaints?",
                    r"(?:due to|because of) (?:\w+ )?(?:abuse|complaints)",
                    r"(?:permanently|temporarily) deferred",
                ),
            ),
            (
                "from",
                (
                    r"(?:e ?mails?|mails?|messages?|connections?) from (?:\w+ ){0,2}?(?:is |are |was |has been )?(?:currently |temporarily )?(?:blocked|rejected|refused|denied|banned|not accepted)\b",
                ),
            ),
            (
                "complaints|complaint|abuse|abusive|abused|unsolicited",
                (
                    r"abusive (?:\w+ )?(?:host|ip|network|sender|server|behaviou?r)",
                    r"unsolicited (?:\w+ )?(?:mail|e ?mail|messages?) (?:\w+ )?(?:originating|from|sent) ",
                ),
            ),
            (
                "spammer|spammers|botnet|bot|infected|trojan",
                (r"spammers?\b", r"botnet", r"infected (?:host|computer|machine|ip)"),
            ),
            (
                "suspended|disabled|blocked|locked|restricted",
                (
                    r"(?:sending|outbound|outgoing|sender) (?:\w+ ){0,4}?(?:suspended|disabled)",
                    r"your (?:e ?mail )?(?:account|mail ?box|domain|user|address) (?:\w+ ){0,4}?(?:suspended|disabled|blocked|locked|restricted)",
                ),
            ),
            ("spf2|unauthorized|unauthorised", (r"unauthori[sz]ed (?:host|client|connection|server|network)",)),
            (
                "isp|provider|dialup|dsl|dynamic|use|isps",
                (
                    r"use (?:\w+ ){0,5}?(?:smtp|mail) (?:server|relay|host|smarthost)? ?(?:\w+ ){0,2}?(?:isp|provider)",
                    r"your (?:isps?|providers?) (?:\w+ ){0,2}?(?:smtp|mail|relay|server)",
                    r"(?:dial ?up|dynamic|dsl) (?:\w+ ){0,2}?(?:ip|host|address|client|pool|range|user|customer)",
                ),
            ),
            (
                "invalid|ip",
                (r"invalid ip\b",),
            ),
            ("postmaster", (r"problem occurred (?:\. )?(?:\w+ ){0,3}?ask your postmaster",)),
        ),
    ),
    # The message ----------------------------------------------------------------------------------------------------
    Family(
        "relay",
        Reason.CONTENT_REJECTED,
        "Postfix reject_unauth_destination, Sendmail promiscuous relay, Exim, qmail rcpthosts, Exchange 5.7.1/5.7.64",
        (
            (
                "relay|relaying",
                (
                    r"as a relay\b",
                    r"relay\w* (?:\w+ ){0,2}?(?:through|via|from) (?:this|our|the) (?:server|host|system)",
                ),
            ),
            (
                "中继|转发|中継",
                (r"(?:中继|转发|中継).{0,6}(?:拒绝|不允许|禁止|拒否|許可)",),
            ),
            (
                "relay|relaying|relayed|relays",
                (
                    r"relay(?:ing)? (?:access |operation |attempt |mail |to |from |is |are |was |not |has been |service |via |through |this |prohibited|for )*(?:denied|not permitted|not allowed|prohibited|refused|rejected|forbidden|disallowed|permitted|disabled|restrict\w*|allowed|by|blocked)",
                    r"(?:not|no|cannot|unable to|do not|does not|dont|doesnt|will not|wont|isnt|never|not to|without|unauthori[sz]ed|deny|denied|refuse\w*|reject\w*|illegal|open|not an open) (?:\w+ ){0,4}?relay(?:ing|ed|s)?\b(?! (?:recipients?|domains?|user) )",
                    r"relay(?:ing)? (?:denied|access denied|error|failed)",
                    r"not (?:an )?(?:open )?relay",
                ),
            ),
            (
                "local",
                (
                    r"local users? only",
                    r"not local host",
                ),
            ),
            (
                "rcpthosts|gateway",
                (r"rcpthosts", r"(?:allowed|list of) rcpthosts", r"not a gateway"),
            ),
        ),
    ),
    Family(
        "virus",
        Reason.CONTENT_REJECTED,
        "ClamAV, amavis, Gmail 552 5.7.0 BlockedMessage, Symantec, Trend Micro",
        (
            (
                "вирус|вирусы",
                (r"вирус\w*",),
            ),
            (
                "病毒|ウイルス|ウィルス",
                (r"病毒|ウイルス|ウィルス",),
            ),
            (
                "virus|viruses|malware|infected|phishing|worm|trojan|malicious|clamav|phish|ransomware",
                (r"virus\w*", r"malware", r"infected", r"phish\w*", r"malicious", r"trojan", r"worm\b", r"ransomware"),
            ),
            (
                "security|attachment|attachments|executable|attached|extension|attach|file",
                (
                    r"(?:potential )?security (?:issue|risk|threat|concern|reasons|polic\w+|violation|regulation\w*|restriction\w*|check)",
                    r"attach\w* (?:\w+ ){0,5}?(?:not allowed|blocked|rejected|forbidden|prohibited|not accepted|banned|illegal|denied|not permitted|unacceptable|disallowed)",
                    r"(?:banned|blocked|illegal|prohibited|forbidden|disallowed|dangerous|suspicious|unacceptable|unsafe|executable|password protected|encrypted|rejecting) (?:\w+ ){0,3}?(?:attach\w*|extension|executables?)",
                    r"(?:file|attachment) (?:type|extension|name)",
                ),
            ),
        ),
    ),
    Family(
        "spam",
        Reason.CONTENT_REJECTED,
        "SpamAssassin, Gmail 5.7.1 'likely unsolicited mail', Mail.ru, Yandex, NetEase, Proofpoint, Barracuda, Cloudmark",
        (
            (
                "unerwunscht|unerwunschte|indesirable|indesirables|pourriel|basura|deseado|lixo|indesejado|indesejada|indesiderata|indesiderato|niechciana|istenmeyen|werbung|werbemail",
                (
                    r"unerwunscht\w*|indesirables?|pourriel|correo basura|no deseado|lixo eletronico|indesejad\w|indesiderat\w|niechcian\w|istenmeyen|werbe\w*mail|werbung",
                ),
            ),
            (
                "нежелательная|нежелательное|рассылка|рассылки|массовая",
                (r"нежелательн\w+|массов\w+ рассыл\w+|рассылк\w",),
            ),
            (
                "广告|反垃圾",
                (r"广告|反垃圾",),
            ),
            (
                "spam|junk|ube|uce|spamassassin|spammy|spamscore|antispam|spams|spaminess|jmrp|spamtrap|spamming|spammer|spamcheck|spamfilter|spamblock|spamassassins|spamlike|antispamcloud",
                (r"\b(?:anti ?)?spam\w*", r"junk ?(?:e ?)?mail", r"\b(?:ube|uce)\b", r"junk (?:message|score)"),
            ),
            ("unsolicited", (r"unsolicited",)),
            ("垃圾邮件|垃圾|迷惑メール|スパム|스팸", (r"垃圾|迷惑メール|スパム|스팸",)),
            ("спам|спама|спамом", (r"спам",)),
            ("suspicious|objectionable", (r"(?:suspicious|objectionable)",)),
            (
                "bulk|marketing|commercial|newsletter|newsletters",
                (
                    r"bulk (?:e ?)?(?:mail|messages?|sender|mailing)",
                    r"(?:marketing|commercial) (?:e ?mail|mail|messages?)",
                    r"newsletters?",
                ),
            ),
            ("bayes|bayesian|bogofilter|rspamd|dspam|spamd", (r"bayes\w*|bogofilter|rspamd|dspam",)),
        ),
    ),
    Family(
        "content",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.6.X; Postfix header/body checks, Yahoo '554 Message not allowed', Mimecast, Symantec.cloud",
        (
            (
                "content|contents|body|subject|url|urls|link|links|word|words|charset|language|keyword|characters|domain",
                (
                    r"(?:message|mail|e ?mail|your)? ?content (?:\w+ ){0,4}?(?:rejected|denied|blocked|not accepted|not allowed|refused|unacceptable|filter\w*|polic\w+|violat\w+|prohibited|restrict\w*|reasons?|scan\w*|check)",
                    r"(?:bad|objectionable|unacceptable|illegal|invalid|forbidden|prohibited|inappropriate|banned|blocked|disallowed|offensive|restricted|rejecting|due to|because of|based on|for|suspect\w*) (?:\w+ ){0,3}?(?:content|contents)\b",
                    r"(?:message|mail|e ?mail|subject|body) (?:\w+ ){0,3}?contain(?:s|ed|ing)? (?:\w+ ){0,4}?(?:content|url|urls|link|links|word|words|characters|attachments?|domain|phrase|text|language|html)",
                    r"(?:url|link|urls|links|domain) (?:\w+ ){0,3}?(?:in (?:your|the|this) (?:message|mail|e ?mail|body)|blocked|forbidden)",
                    r"(?:language|charset|character set) (?:\w+ ){0,2}?not (?:accepted|allowed|supported)",
                    r"body (?:part|type) not supported",
                    r"content reject\w*",
                    r"subject (?:\w+ ){0,3}?(?:not allowed|rejected|forbidden|blocked)",
                ),
            ),
            (
                "message|mail|email|transaction|filter|filtered|filtering|mails|delivery|stopped|blocked|refused|trapped|caught|rejected|identified|classified|considered|scored|detected|flagged|marked|recognised|categorized+rejected|refused|denied|blocked|discarded|declined|quarantined|caught|stopped|trapped|classified|considered|detected|identified|marked|recognised|categorized|flagged|scored|looks|resembles|appears|similar|filtered|requested",
                (
                    r"(?:message|mail|e ?mail|transaction|delivery|transmission) (?:\w+ ){0,5}?(?:rejected|refused|denied|blocked|discarded|declined|quarantined) (?:by|due to|because|for|as|on) (?:\w+ ){0,5}?(?:filter\w*|polic\w+|content|rule\w*|reason\w*|check\w*|scan\w*|classif\w+|firewall|milter|gateway|administrat\w+|security|system)",
                    r"(?:blocked|rejected|caught|stopped|trapped|refused) by (?:\w+ ){0,4}?(?:filter\w*|milter|rule|rules|firewall|gateway|custom|content|policy)",
                    r"(?:classified|considered|detected|identified|marked|recogni[sz]ed|categori[sz]ed|flagged|scored) as (?:\w+ ){0,3}?(?:spam|junk|bulk|unwanted|undesirable|dangerous|harmful|bad|malicious|phish\w*)",
                    r"message (?:looks like|looks|resembles|appears to be) ",
                    r"similar (?:messages|to messages|mail)",
                    r"requested action not taken mail .{0,80}is rejected",
                ),
            ),
            ("sieve|reject", (r"sieve",)),
        ),
    ),
    Family(
        "too_large",
        Reason.MESSAGE_TOO_LARGE,
        "RFC 1870, RFC 3463 X.2.3, X.3.4; Postfix message_size_limit, Exim, Exchange, Gmail 552 5.3.4",
        (
            (
                "大小",
                (r"大小.{0,6}(?:超|限)",),
            ),
            (
                "length|size",
                (
                    r"(?:length|size) of (?:the |your )?(?:data|attach\w*|message|mail|email|body|content)\w* (?:\w+ ){0,4}?(?:maximum|threshold|limit|exceed\w*|large|big)",
                    r"\bsize limit \d+",
                    r"max(?:imum)? (?:message |mail |email )?size (?:exceeded|limit)",
                ),
            ),
            (
                "taille|tamano|tamanho|dimensione|dimensioni|grosse|groesse|rozmiar|maximalgrosse|limite|mailgrosse|mailgroesse|nachrichtengrosse",
                (
                    r"taille (?:\w+ ){0,4}?(?:maximale|depasse\w*|limite|autorisee)",
                    r"(?:excede|supera|ultrapassa)\w* (?:\w+ ){0,4}?(?:tamano|tamanho|limite de tam\w+)",
                    r"(?:tamano|tamanho) (?:\w+ ){0,3}?(?:maximo|excedid\w|permitid\w)",
                    r"dimension\w (?:\w+ ){0,4}?(?:massim\w|superat\w|eccede)",
                    r"(?:nachrichten|maximal\w*|mail)? ?gr(?:o|oe)sse (?:\w+ ){0,4}?(?:uberschr\w+|ueberschr\w+|limit)",
                    r"rozmiar (?:\w+ ){0,4}?(?:przekr\w+|limit)",
                ),
            ),
            (
                "размер",
                (
                    r"размер (?:письма|сообщения)? ?(?:\w+ ){0,3}?превыш\w+",
                    r"превыш\w+ (?:\w+ ){0,3}?размер (?:письма|сообщения)",
                ),
            ),
            (
                "size|large|big|length|larger|bigger|huge|oversize|oversized|sized|long|maximum|above|greater|body|messages|total|attachments|beyond|exceed|over",
                (
                    r"(?:message|mail(?! server)|e ?mail|attachments?|file|body|header|headers|data|content|messages)(?: file| body| total)? (?:\w+ ){0,4}?(?:exceed\w*|larger|bigger|over|too large|too big|oversized?|above|greater)(?: \w+){0,6}? ?(?:size|limit\w*|max\w*|large|big|length|than|oversized?|\d+ ?(?:k|m|b|kb|mb|bytes|octets)\b)",
                    r"(?:message|mail|e ?mail|attachments?|file|data|body|header|messages)(?: size| length)? (?:\w+ ){0,4}?(?:too|to) (?:large|big|long)",
                    r"(?:exceed\w*|over|above|larger than|bigger than|greater than|beyond) (?:the |our |its |a |your )?(?:\w+ ){0,5}?(?:message|mail|e ?mail|attachment|file) ?(?:size|length|limit)",
                    r"(?:exceed\w*|larger than|bigger than) (?:the |our |its |a )?(?:\w+ ){0,4}?(?:size|length)(?: \w+)? ?(?:limit\w*|allowed|accepted|for|of)?",
                    r"(?:message|mail|e ?mail|max\w*|maximum message) (?:size|length) (?:\w+ ){0,3}?(?:limit|limits|exceed\w*|violation|restriction|too|over|above|is)",
                    r"size limit\w* (?:\w+ ){0,2}?(?:exceeded|reached)",
                    r"(?:too|to) (?:large|big) (?:a )?(?:message|mail|e ?mail|for|to)",
                    r"(?:message|mail) (?:is )?oversized?",
                    r"exceeds? (?:the )?(?:fixed )?max\w* (?:message |mail )?size",
                    r"length exceeds administrative limit",
                    r"message (?:length|size) exceeds",
                ),
            ),
            (
                "gross|volumineux|grande|duza|grosse",
                (
                    r"(?:nachricht|mail|datei|anhang) (?:\w+ ){0,3}?zu gross",
                    r"(?:message|courriel|mail) (?:\w+ ){0,2}?trop (?:volumineux|gros)",
                    r"(?:mensaje|mensagem|messaggio|correo) (?:\w+ ){0,2}?(?:demasiado|muito|troppo) grande",
                ),
            ),
            ("слишком", (r"(?:письмо|сообщение) (?:\w+ ){0,2}?слишком больш\w+",)),
            (
                "过大|太大|サイズ|大小",
                (r"(?:邮件|附件).{0,6}(?:过大|太大)", r"サイズ.{0,10}(?:超|大きすぎ|制限)", r"超过.{0,8}大小"),
            ),
            (
                "mb|megabytes|bytes|kb|than",
                (
                    r"(?:larger|bigger|greater|more) than \w+ ?(?:mb|megabytes|bytes|kb)",
                    r"(?:limit|max\w*) (?:\w+ ){0,4}?(?:mb|megabytes|bytes|kb)\b",
                ),
            ),
        ),
    ),
    # The mailbox ----------------------------------------------------------------------------------------------------
    Family(
        "system_full",
        Reason.SERVER_UNAVAILABLE,
        "RFC 5321 452, RFC 3463 X.3.1; Postfix, Sendmail, Exchange back pressure, errno ENOSPC",
        (
            (
                "system|disk|device|space|storage|filesystem|spool|resources|insufficient|mailsystem",
                (
                    r"insufficient (?:system )?(?:storage|disk space|disk|resources|system resources|queue space|memory)",
                    r"no space left on device",
                    r"(?:not enough|out of|low on|insufficient) (?:free )?(?:disk|system|spool|queue|file ?system) (?:space|storage|resources)",
                    r"(?:mail ?)?system (?:is )?full",
                    r"(?:file ?system|disk|spool) (?:is )?full",
                ),
            ),
        ),
    ),
    Family(
        "over_limit",
        Reason.MAILBOX_FULL,
        "RFC 3463 X.2.2, RFC 5321 552; Gmail, Exchange, Dovecot, Courier maildrop, Cyrus, procmail, Domino, docomo",
        (
            (
                "brevlada|brevladan|inkorg|postkasse|postkassen|kutusu|kota|schranka|megtelt|plina|postilaatikko|innboks|indbakke",
                (
                    r"(?:brevlada\w*|inkorg\w*|postkass\w*|innboks\w*|indbakke\w*) (?:\w+ ){0,3}?(?:full\w?|fuld)",
                    r"(?:posta )?kutusu (?:\w+ ){0,3}?dolu|kota\w* (?:\w+ ){0,2}?(?:asildi|dolu|doldu)",
                    r"schrank\w (?:\w+ ){0,3}?pln\w",
                    r"megtelt",
                    r"(?:cutia|casuta) (?:\w+ ){0,3}?plina",
                    r"postilaatikko (?:\w+ ){0,2}?taynna",
                ),
            ),
            (
                "저장",
                (r"저장 ?공간.{0,6}(?:부족|초과)",),
            ),
            ("data|mails", (r"too much mail data", r"zuviele mails")),
            (
                "full|overfull|overflow|mailboxfull",
                (
                    r"(?:mail ?box(?:es)?|mail ?folder|in ?box|account|recipient|user|folder|maildir|mail ?drop|storage|quota|mail store|box|address|storage area|is|are|are) (?:\w+ ){0,4}?(?:full|overfull)\b",
                    r"(?:full|overfull) (?:mail ?box|in ?box|account|quota)",
                    r"mail ?box ?full",
                    r"overflow",
                ),
            ),
            (
                "quota|quotas|overquota|mailquota",
                (
                    r"(?:over|exceed\w*|out of|above|beyond|reached|violat\w+|has|at|hit|under|full|no|than|insufficient|on|disk|by|due to|past|cause|mail ?box|storage|account|user|users|recipient|maildir|inbox|folder|max\w*)(?: \w+){0,4} ?quotas?\b",
                    r"quotas? (?:\w+ ){0,4}?(?:exceed\w*|full|reached|violat\w+|over\w*|limit|used|exhausted|error|problem|insufficient|is|has|for)",
                    r"over ?quota",
                    r"^quota",
                ),
            ),
            (
                "storage|space|allocation|capacity|room|allotted",
                (
                    r"(?:exceed\w*|over|out of|reached|insufficient|not enough|no|exhausted|full|beyond|no more|used up|lacks?|maximum) (?:\w+ ){0,4}?(?:storage|space|allocation|capacity|room)",
                    r"(?:storage|space|capacity|allocation) (?:\w+ ){0,3}?(?:exceed\w*|full|exhausted|reached|limit|insufficient|not available|quota|used|unavailable)",
                    r"does not have (?:enough|sufficient) (?:\w+ )?(?:space|storage|room)",
                ),
            ),
            (
                "mailbox|inbox|maildir|mailboxes|account|user|box|recipient|messages|exceed+exceed|over|limit|size|too|full|reach|exhaust|used|many|would|oversized|messages",
                (
                    r"(?:mail ?box|in ?box|mail ?dir|account) (?:\w+ )?(?:size )?(?:limit )?(?:\w+ ){0,2}?(?:exceed\w*|over) (?:\w+ ){0,3}?(?:limit|size|allowed|max\w*|allocated|allotted|allowance)",
                    r"(?:mail ?box|in ?box|mail ?dir) (?:size|limit|message limit|message count) (?:\w+ ){0,2}?(?:exceed\w*|reached|limit)",
                    r"(?:mail ?box|in ?box|account) (?:\w+ ){0,3}?(?:too (?:large|big|full)|is over|oversized?)",
                    r"(?:user|account|recipient|mail ?box) (?:\w+ ){0,2}?(?:has|have) (?:exceeded|reached|exhausted|too many messages|too many mails|used up)",
                    r"too many (?:messages|mails) (?:in|on|for) (?:this |the |users? )?(?:mail ?box|server|account)",
                    r"would exceed (?:\w+ ){0,3}?(?:mail ?box|quota|limit|size)",
                ),
            ),
            ("boite|bal|repondeur", (r"boite (?:\w+ ){0,5}?pleine", r"bal pleine")),
            (
                "pleine|plein|depasse|espace|sature|saturee",
                (
                    r"(?:boite|messagerie|mail ?box) (?:\w+ ){0,4}?(?:pleine|saturee)",
                    r"quota (?:\w+ ){0,3}?depasse",
                    r"espace (?:\w+ ){0,3}?(?:insuffisant|depasse|sature)",
                ),
            ),
            (
                "voll|uberschritten|ueberschritten|uberfullt|speicherplatz|ueberfuellt|erschopft|vol|postfach|kontingent|mailbox|box",
                (
                    r"(?:postfach|mail ?box|mail ?fach|posteingang|postvak|box|quota|speicher\w*|kontingent|konto) (?:\w+ ){0,4}?(?:voll|vol\b|(?:ue|u)berschritten|(?:ue|u)berf(?:ue|u)llt|ersch\w+)",
                    r"speicherplatz (?:\w+ ){0,4}?(?:ersch\w+|nicht|ueber\w+|uber\w+)",
                ),
            ),
            (
                "llena|lleno|cuota|cheia|cota|lotada|excedida|excedido|espacio|espaco|superada",
                (
                    r"(?:buzon|casilla|cuenta|bandeja|correo|mailbox) (?:\w+ ){0,4}?llen[ao]",
                    r"(?:cuota|cota|quota) (?:\w+ ){0,4}?(?:excedid[ao]|superad[ao]|llena)",
                    r"caixa (?:\w+ ){0,4}?(?:cheia|lotada)",
                    r"(?:sin|sem|no hay) (?:\w+ ){0,2}?espa[cç]i?o",
                    r"(?:excede\w*|supera\w*) (?:\w+ ){0,3}?(?:cuota|cota|espaci?o)",
                ),
            ),
            (
                "piena|pieno|spazio|casella",
                (r"casella (?:\w+ ){0,4}?(?:piena|satura)", r"spazio (?:\w+ ){0,4}?(?:esaurito|insufficiente)"),
            ),
            (
                "pelna|przepelniona|przekroczony|przepelniony|pojemnosc|przekroczono",
                (
                    r"skrzynka (?:\w+ ){0,4}?(?:pelna|przepelniona)",
                    r"przekrocz\w+ (?:\w+ ){0,3}?(?:limit|pojemnosc|quota|przestrzen)",
                    r"(?:limit|pojemnosc) (?:\w+ ){0,3}?przekrocz\w+",
                    r"przepelnion\w",
                ),
            ),
            (
                "переполнен|переполнена|квота|квоты|квоту|превышен|превышена",
                (
                    r"переполнен\w?",
                    r"превыш\w+ (?:\w+ ){0,3}?(?:квот\w|размер\w? ящика|лимит)",
                    r"квота (?:\w+ ){0,3}?(?:превышена|исчерпана)",
                ),
            ),
            (
                "いっぱい|容量|超|満杯|受信箱|一杯|不足",
                (
                    r"(?:メールボックス|受信箱|受信トレイ|ボックス|容量).{0,12}(?:いっぱい|一杯|超|満杯|不足)",
                    r"容量.{0,6}(?:超|不足|オーバー)",
                ),
            ),
            (
                "已满|空间不足|容量|超出|配额|已滿|空間不足|满了|不足|超过",
                (
                    r"(?:邮箱|郵箱|信箱|收件箱|邮件箱|容量|空间).{0,8}(?:已满|已滿|满了|不足|超出|超过)",
                    r"(?:超出|超过).{0,8}(?:配额|容量|空间)",
                    r"空[间間]不足",
                ),
            ),
            ("용량|가득", (r"용량.{0,6}(?:초과|부족)", r"편지함.{0,6}가득")),
        ),
    ),
    Family(
        "null_mx",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 7505: a domain that takes no mail",
        (("nullmx|null", (r"null ?mx",)),),
    ),
    Family(
        "moved",
        Reason.MAILBOX_DISABLED,
        "RFC 3463 X.1.6, RFC 5321 251/551; Sendmail REDIRECT, vacation and leaver texts",
        (
            (
                "verzogen|demenage",
                (r"(?:empfanger|benutzer|nutzer) (?:\w+ ){0,3}?verzogen",),
            ),
            (
                "moved|forwarding|redirect|changed|left|employed|employee|retired|works|employ|company|relocated|longer",
                (
                    r"(?:user|recipient|account|mail ?box|address|person|employee|he|she) (?:\w+ ){0,3}?moved",
                    r"has moved",
                    r"moved (?:to|permanently|without|away|left)",
                    r"(?:user|account|mail ?box|e ?mail|address) (?:\w+ ){0,3}?(?:address )?(?:has |was |been )(?:been )?changed",
                    r"(?:has |have )?left (?:the |our )?(?:company|organi[sz]ation|firm|university|school)",
                    r"no longer (?:employed|works?|with|an employee|working|at this|part of|employ\w*)",
                    r"(?:is|has) retired",
                ),
            ),
            (
                "longer",
                (
                    r"no longer (?:a )?(?:valid|in use|used|active|available|accept(?:s|ing)?\b(?! (?:connections?|mail from|messages from|email from|relay))|monitored|receiv(?:es?|ing)|maintained|in service|reachable|on (?:this |the )?(?:server|system)|here|being used|associated|in operation|subscrib\w*|customer|(?:our |a )?(?:member|user))",
                ),
            ),
        ),
    ),
    Family(
        "disabled",
        Reason.MAILBOX_DISABLED,
        "RFC 3463 X.2.1; Gmail 5.2.1, Yahoo 'account has been disabled or discontinued', Exchange, Postini, Mail.ru, iCloud",
        (
            (
                "inactive|disabled|suspended|closed|expired|inactivated|deactivated|locked",
                (
                    r"rejected (?:user |account |mailbox )?(?:inactive|disabled|suspended|closed|expired|deactivated|locked)\b",
                ),
            ),
            (
                "receiving",
                (r"(?:mail |message )?receiving (?:is |has been )?(?:disabled|suspended|stopped)",),
            ),
            (
                "geloscht|gekundigt|deaktiviert|fermee|fermer|cerrada|encerrada|excluida|chiusa|chiuso|scaduta|baja|zrusena|zablokovana|devre|askiya|geschlossen|gesperrt|suspendu|suspendue|cancelada|stillgelegt|supprime|desactive|eliminada|eliminado|sospesa|sospeso|disattivata|cancellata|hesap",
                (
                    r"(?:postfach|konto|account|mailbox|adresse) (?:\w+ ){0,4}?(?:geloscht|gekundigt|deaktiviert|geschlossen|gesperrt|stillgelegt)",
                    r"(?:deaktiviert|geloscht|geschlossen|gesperrt)\w* (?:postfach|konto|mailbox)|(?:postfach|konto|mailbox) geschlossen",
                    r"(?:compte|boite|adresse) (?:\w+ ){0,4}?(?:ferme\w*|supprime\w*|suspendu\w*|desactive\w*)",
                    r"(?:cuenta|casilla|buzon|usuario|conta|caixa) (?:\w+ ){0,4}?(?:cerrad\w|cancelad\w|encerrad\w|excluid\w|suspens\w|(?:dad\w )?de baja|eliminad\w)",
                    r"(?:casella|account|indirizzo|utenza) (?:\w+ ){0,4}?(?:chius\w|scadut\w|cancellat\w|disattiv\w+|sospes\w)",
                    r"(?:schranka|ucet) (?:\w+ ){0,4}?(?:zrusen\w|zablokovan\w|deaktivovan\w)",
                    r"hesap\w* (?:\w+ ){0,4}?(?:devre disi|askiya|kapali|kapatil\w+)",
                ),
            ),
            (
                "利用停止|閉鎖|解約済|退会|已停用|已注销|已冻结|被禁用|被冻结|已过期|已關閉|被關閉|被锁定|已失效|注销|冻结|禁用|过期|锁定|失效|停用",
                (r"利用停止|閉鎖|解約済|退会|(?:已|被)(?:停用|注销|冻结|禁用|过期|關閉|锁定|失效)",),
            ),
            (
                "disabled|deactivated|suspended|inactive|discontinued|terminated|closed|locked|frozen|expired|cancelled|canceled|disactivated|blocked|deleted|removed|dormant|inactivity|disused|abandoned|unused|deprovisioned|archived|hangup|disable|suspend|decommissioned|use",
                (
                    rf"{_BOX} {_LINK}(?:disabled|deactivated|suspended|inactive|discontinued|terminated|closed|frozen|cancell?ed|disactivated|dormant|disused|abandoned|unused|deprovisioned|archived|hangup|decommissioned|disable)\b",
                    r"(?:mail ?box|account|user|inbox|recipient (?:address|mail ?box|account)|e ?mail (?:account|address)|(?<!ip )address) (?:status |is |has |has been |was |are |have been |temporarily |temporary |currently |been |administratively )*(?:locked|blocked|expired|deleted|removed)\b(?! (?:by|due to|for|because|using|from|as) (?:\w+ ){0,2}?(?:spam|policy|filter|content|blacklist|sender))",
                    rf"(?:disabled|deactivated|suspended|inactive|discontinued|terminated|closed|locked|frozen|cancell?ed|deleted|dormant|abandoned|expired|disactivated) {_BOX}",
                    r"blocked (?:mail ?box|account|user)\b",
                    r"(?:due to|because of|for|after) (?:\w+ ){0,2}?(?:inactivity|disuse|non use|lack of use)",
                    r"(?:disabled|blocked|locked|closed) (?:due to|for|because of) (?:\w+ )?inactivity",
                    r"disabled or discontinued",
                    r"^(?:\w+ ){0,2}?(?:is|has been|was) (?:\w+ )?(?:disabled|deactivated|suspended|terminated|discontinued)\b",
                    r"user (?:is )?(?:disabled|suspended|locked|inactive|frozen|deactivated)",
                ),
            ),
            (
                "accepting|accepted|accept|receiving|receive|active|activated|enabled",
                (
                    r"(?:mail ?box|account|recipient|user|address|e ?mail address) (?:\w+ ){0,2}?(?:is |are )?(?:not|no longer|isnt) (?:currently |presently )?(?:accepting|receiving|active)(?! (?:mail|messages?|e ?mails?) (?:from|that))",
                    r"(?:mail|new mail|messages|e ?mail) (?:is |are )?(?:not|no longer) (?:currently |being )*accepted (?:for|at|by) (?:this|that|the) (?:mail ?box|account|user|recipient|address)",
                    r"(?:user|account|mail ?box|recipient) (?:is )?not (?:yet )?(?:active|activated|enabled)\b",
                    r"not (?:an )?active (?:user|account|mail ?box|address)",
                    r"(?:does not|doesnt|cannot|can not|unable to|not allowed to|is not able to|not able to) (?:receive|accept) (?:any )?(?:more )?(?:e ?mails?|mails?|messages)\b(?! (?:from|that|of|over|with|this))",
                ),
            ),
            ("policy", (r"policy rejection on the target address",)),
            (
                "desactivee|desactive|suspendu|suspendue|inactif|inactive|bloque|resilie|ferme|cloture",
                (
                    r"(?:compte|boite|adresse|utilisateur|destinataire|messagerie) (?:\w+ ){0,5}?(?:desactivee?|suspendue?|inacti(?:f|ve)|bloquee?|resiliee?|fermee?|cloturee?)",
                ),
            ),
            (
                "deaktiviert|gesperrt|inaktiv|geschlossen|stillgelegt|abgemeldet",
                (
                    r"(?:postfach|konto|account|mail ?box|benutzer|empfanger|adresse|mail ?adresse|email ?adresse) (?:\w+ ){0,4}?(?:deaktiviert|gesperrt|inaktiv|geschlossen|stillgelegt|abgemeldet)",
                ),
            ),
            (
                "desactivada|suspendida|inactivo|inactiva|bloqueada|deshabilitada|desativada|suspensa|inativo|inativa|bloqueado|cancelada|expirado|desactivado|suspendido",
                (
                    r"(?:cuenta|casilla|buzon|usuario|conta|caixa|direccion|endereco|destinatario) (?:\w+ ){0,5}?(?:desactivad[ao]|suspendid[ao]|inactiv[ao]|bloquead[ao]|deshabilitad[ao]|desativad[ao]|suspensa|inativ[ao]|cancelad[ao]|expirad[ao])",
                ),
            ),
            (
                "disattivata|disattivato|bloccato|bloccata|sospesa|sospeso|disabilitata|disabilitato|inutilizzo",
                (
                    r"(?:casella|account|indirizzo|utente|mail ?box) (?:\w+ ){0,4}?(?:disattivat[ao]|bloccat[ao]|sospes[ao]|disabilitat[ao])",
                ),
            ),
            (
                "zablokowane|nieaktywne|zablokowana|nieaktywna|zawieszone|usuniete",
                (r"(?:konto|skrzynka|adres) (?:\w+ ){0,4}?(?:zablokowan\w|nieaktywn\w|zawieszon\w|usuniet\w)",),
            ),
            (
                "заблокирован|отключен|отключён|деактивирован|заблокирована|неактивен|удален|удалён|закрыт",
                (
                    r"(?:ящик|пользовател\w|аккаунт|учетная запись|адрес|получател\w) (?:\w+ ){0,4}?(?:заблокирован\w?|отключен\w?|деактивирован\w?|неактив\w+|удален\w?|закрыт\w?)",
                ),
            ),
            (
                "停止|解約|無効|停用|禁用|冻结|锁定|凍結|注销|失效",
                (
                    r"(?:アカウント|メールボックス|ユーザー?|アドレス|账号|帐号|帳號|用户|邮箱|信箱|账户|帐户).{0,10}(?:停止|解約|無効|停用|禁用|冻结|锁定|凍結|注销|失效)",
                ),
            ),
        ),
    ),
    # The address ----------------------------------------------------------------------------------------------------
    Family(
        "loop_or_local_fault",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.4.6, X.3.5; Postfix, Sendmail, Exim, qmail: loops and configuration errors of the receiver",
        (
            (
                "loop|loops|looping|hops|hop|looped",
                (
                    r"(?:mail|routing|message|forward\w*|alias|local|dns|delivery) (?:\w+ ){0,5}?loop\w*",
                    r"loops? (?:back|detected|to)",
                    r"(?:too many|maximum|exceeded|max) (?:\w+ ){0,2}?hops?",
                    r"hop count (?:exceeded|exceeds|\w+)",
                    r"looping",
                    r"loop",
                ),
            ),
            (
                "config|configuration|misconfigured|misconfiguration",
                (
                    r"(?:local |server |mail |system )?configuration (?:error|problem)",
                    r"config(?:uration)? error",
                    r"misconfigur\w+",
                ),
            ),
        ),
    ),
    Family(
        "domain_not_found",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 3463 X.1.2, X.1.10, RFC 7505; Sendmail 'Host unknown', Postfix 'Host or domain name not found', Exim, qmail",
        (
            (
                "domain|host",
                (
                    r"(?:domain|host) \w+ \. \w+ (?:\. \w+ )?(?:does not exist|doesnt exist|not found|not be found|is unknown|unknown|is invalid)",
                ),
            ),
            (
                "domain|domane|domainname",
                (
                    r"(?:domain|domane|domainname) (?:\w+ ){0,4}?(?:existiert nicht|unbekannt|nicht gefunden|gibt es nicht|ungultig|nicht vorhanden)",
                ),
            ),
            (
                "domaine|domeinnaam|domeniu|doména|domen|doman|domanen|alanadi",
                (
                    r"(?:domaine|nom de domaine) (?:\w+ ){0,4}?(?:inconnu\w*|introuvable|inexistant\w*|n ?existe)",
                    r"domen\w* (?:\w+ ){0,3}?(?:neexistuje|nenalezena|finns inte|nu exista|nie istnieje)",
                    r"doman\w* (?:\w+ ){0,2}?(?:finns inte|findes ikke|finnes ikke)",
                ),
            ),
            (
                "host|hosts|mx|exchanger|mail",
                (
                    r"(?:couldnt|could not|cannot|cant|unable to) find (?:\w+ ){0,2}?(?:mail exchanger|mx record|mail server for)",
                    r"no (?:mx|mail exchanger)\w*(?: or a)?(?: records?)?\b",
                ),
            ),
            (
                "data|dns",
                (
                    r"no (?:data|answer|records?) by dns",
                    r"dns (?:\w+ ){0,6}?(?:no relevant answers|noerror)",
                ),
            ),
            (
                "route",
                (
                    r"no route (?:found )?to (?:the )?domain",
                    r"unable to route (?:\w+ )?domain",
                ),
            ),
            (
                "relevant",
                (r"had no relevant answers",),
            ),
            (
                "домен|домена|получателя",
                (r"домен\w* (?:\w+ ){0,3}?не (?:наиден|существует|зарегистрирован)",),
            ),
            (
                "host|hosts|hostname|domain|domains|nxdomain|server|servers|system|mx",
                (
                    r"(?:host|domain)(?: or domain)?(?: name)?(?: part)? (?:(?:is|was|of|has|name|given|address|could|in|recipient|the|for|email|does|a|not|cannot) ){0,4}?(?:not found|not be found|unknown|does not exist|doesnt exist|not exist|is invalid|invalid|nonexistent|non existent|not known|is not valid|not resolvable|could not be resolved|cannot be resolved|does not resolve|unresolvable|isnt valid|no longer exists|not registered|is incorrect)",
                    r"(?:unknown|no such|nonexistent|non existent|invalid|bad|illegal|unresolvable|unregistered|unrouteable|unroutable|non existing|unrecognized) (?:(?:recipient|destination|target|mail|e ?mail|or|local|recipients|remote) ){0,2}(?:host|domain)s?\b",
                    r"(?:couldnt|could not|cannot|cant|unable to|can not) (?:find|resolve|look ?up|locate) (?:\w+ ){0,3}?(?:host|domain|hosts)",
                    r"nxdomain",
                    r"illegal host domain name found",
                    r"(?:domain|host) (?:\w+ ){0,3}?(?:does not|doesnt|not|cannot|wont) (?:accept|receive|have|handle)(?: any)? (?:e ?mails?|mails?|mx|a mail|messages)\b(?! from)",
                    r"(?:domain|host) (?:has|with) no (?:mail|mx|valid mx|dns|usable|mail exchang\w+)",
                    r"(?:all relevant )?mx records? point\w* to (?:non ?existent|non existent|no)",
                    r"no (?:mail )?(?:hosts?|servers?) (?:for|found for|available for|known for|is configured for) (?:\w+ )?domain",
                    r"(?:bad|invalid|incorrect) destination (?:system|host|domain)",
                    r"unrouteable mail domain",
                    r"name server (?:\w+ ){0,4}?host not found",
                    r"domain (?:is )?(?:expired|suspended|disabled|not hosted|not configured|not served|not handled|isnt hosted|parked)",
                    r"no (?:host|domain) (?:by that name|of that name)",
                ),
            ),
            (
                "mx|exchanger|exchangers",
                (
                    r"(?:no|null|invalid|bad|missing|without|nor|non existent|nonexistent|lacks?|unresolvable|cannot find|not have|not find|not have an?|has no|any|empty) (?:\w+ ){0,4}?(?:mx|mail exchangers?)\b",
                    r"mx (?:\w+ ){0,3}?(?:not found|lookup failed|lookup failure|does not exist|is invalid|invalid|points? to (?:null|invalid|itself|local))",
                    r"mail exchangers? (?:\w+ ){0,3}?not found",
                ),
            ),
            (
                "dns|name|service|associated|requested",
                (
                    r"dns (?:\w+ ){0,3}?(?:name error|nx ?domain|no such|does not exist|not found|no data|no records?|non ?existent|domain)",
                    r"name or service not known",
                    r"no (?:dns|name) (?:record|entry|information)",
                    r"no address associated",
                    r"no data record of requested type",
                    r"domain name (?:not|unknown|does)",
                ),
            ),
            (
                "dominio|domaine|domane|dominiu|domein|domena|domeny|hote",
                (
                    r"(?:dominio|domaine|domane|domein|domena|hote) (?:\w+ ){0,4}?(?:no existe|nao existe|inconnue?|inexistant|inexistente|unbekannt|existiert nicht|onbekend|non esiste|bestaat niet|nie istnieje|introuvable|no encontrado|invalid\w?)",
                    r"(?:domaine|dominio) (?:inexistant|inexistente|inconnu|desconocido|sconosciuto)",
                    r"nie ma takiej domeny",
                ),
            ),
            ("домен|домена", (r"домен\w? (?:\w+ ){0,3}?(?:не существует|не найден)",)),
            (
                "域名|ドメイン|域名不存在",
                (r"(?:域名|ドメイン).{0,10}(?:不存在|存在しません|見つかりません|错误|无法解析)",),
            ),
        ),
        temporary_as=None,
    ),
    Family(
        "malformed_address",
        Reason.ADDRESS_MALFORMED,
        "RFC 3463 X.1.3, RFC 5321 501/553; Postfix, Sendmail, Exim address syntax errors",
        (
            (
                "contain|domain|rcpt|address|recipient|mailbox+must|need|miss|with|requ|shou|have|incl",
                (
                    r"(?:recipient|address|rcpt|mailbox)(?: address)? (?:must|needs? to|should) (?:contain|have|include) (?:a |an )?(?:domain|at sign)",
                ),
            ),
            (
                "follow",
                (r"may not follow",),
            ),
            (
                "hostname",
                (r"hostname required",),
            ),
            (
                "syntax|malformed|rfc|format|illegal|characters|character|numeric|qualified|incomplete|formatted|error|only",
                (
                    r"(?:bad|invalid|illegal|malformed|incorrect|wrong|improper) (?:\w+ )?(?:recipient |mailbox |destination |e ?mail |rcpt |to |mail )?(?:address|mail ?box|recipient)(?: \w+)? (?:syntax|format)",
                    r"(?:syntax error|bad syntax|invalid syntax|error) in (?:\w+ ){0,3}?(?:recipient|rcpt|address|mail ?box|to)\b",
                    r"(?:recipient|mail ?box|rcpt|destination|address|local part) (?:\w+ ){0,3}?(?:syntax error|syntax|malformed|badly formatted|incorrectly formatted|bad format|not fully qualified|illegal characters?|invalid characters?|contains? (?:an? )?(?:illegal|invalid|bad) character\w*|unsupported characters?)",
                    r"malformed (?:recipient|address|mail ?box|e ?mail address|to)",
                    r"(?:need|must|should|requires?) (?:\w+ ){0,3}?fully qualified (?:address|recipient|mail)",
                    r"(?:illegal|invalid|bad) characters? in (?:\w+ ){0,2}?(?:address|recipient|mail ?box|local)",
                    r"(?:invalid|bad|illegal) (?:address|mail ?box|recipient) (?:format|syntax)",
                    r"domain missing or malformed",
                    r"not a valid rfc \d+ address",
                    r"numeric domain",
                    r"only one at",
                ),
            ),
            ("qualify|unqualified", (r"unqualified (?:recipient|address)",)),
            ("malformee|syntaxe", (r"syntaxe (?:\w+ ){0,3}?(?:invalide|incorrecte)",)),
        ),
    ),
    Family(
        "unknown_user",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 3463 X.1.1; Postfix, Exim, Sendmail, qmail, Courier, Domino, Exchange, Gmail, Yahoo, GMX, QQ, Mail.ru, Yandex",
        (
            (
                "accept|deliver|handle|receive+user|addr|reci|mail|emai|pers|acco|name",
                (
                    r"(?:do|does|will|can|could|would)(?: ?not|nt) (?:accept|deliver|handle|receive) (?:any )?(?:mail|mails|messages?|email) (?:for|to) (?:that|this|the|such|any such) (?:user|address|recipient|mailbox|person|account|name|email)",
                ),
            ),
            (
                "list|table|database|directory|lists|map|maps+reci|user|addr|acco|mail",
                (
                    r"not (?:in|on|found in|present in|part of) (?:the |our |a )?(?:valid )?(?:recipient|user|address|account|mailbox|relay recipient)s? (?:list|table|map|database|directory)",
                ),
            ),
            (
                "unique|ambiguous",
                (
                    r"(?:user|recipient|address|name|info|user name info) (?:\w+ ){0,3}?not unique",
                    r"ambiguous (?:recipient|address|user|alias|mailbox)",
                    r"(?:recipient|address|user|alias) (?:\w+ )?ambiguous",
                ),
            ),
            (
                "known|user",
                (
                    r"not a known (?:user|recipient|mailbox|address|account)",
                    r"(?:user|recipient|address|mailbox|account) (?:\w+ ){0,3}?not known",
                ),
            ),
            (
                "valid",
                (r"not a valid (?:email|e mail|mail|recipient|mailbox|user|address|account|destination)",),
            ),
            (
                "kein|keine|keinen|bekannt|empfangers|nicht",
                (
                    r"kein\w* (?:\w+ )?(?:postfach|mailbox|benutzer|empfanger|konto|account|adresse|nutzer)",
                    r"(?:adresse|empfanger|benutzer) (?:\w+ ){0,4}?nicht (?:bekannt|zustellbar|gultig|erreichbar|registriert)",
                ),
            ),
            (
                "finns|findes|finnes|eksisterer|existerar|okand|ukendt|ukjent|tuntematon|olemassa",
                (
                    r"(?:finns|findes|finnes|eksisterer|existerar) (?:\w+ )?(?:inte|ikke)",
                    r"(?:okand|ukendt|ukjent)\w* (?:mottagare|modtager|mottaker|anvandare|bruger|bruker|adress\w?|mailboks)",
                    r"tuntematon (?:vastaanottaja|kayttaja|osoite)",
                    r"ei ole olemassa",
                ),
            ),
            (
                "neexistuje|neexistujici|neznamy|neznama|nenalezen|neexistujuci|nenalezena",
                (
                    r"neexistuj\w+",
                    r"neznam\w (?:uzivatel|adresat|prijemce|adresa)",
                    r"(?:uzivatel|schranka|adresa|prijemce) (?:\w+ ){0,3}?nenalezen\w?",
                ),
            ),
            (
                "kullanici|alici|bilinmeyen|gecersiz|bulunamadi|nem|letezik|ismeretlen|exista|necunoscut|adres|hesap|utilizator|destinatar|nicio",
                (
                    r"(?:kullanici|alici|adres\w*|hesap) (?:\w+ ){0,3}?(?:bulunamadi|bilinmiyor|mevcut degil|yok|gecersiz)",
                    r"(?:bilinmeyen|gecersiz) (?:kullanici|alici|adres)",
                    r"nem letezik",
                    r"ismeretlen (?:felhasznalo|cimzett)",
                    r"nu exista",
                    r"(?:utilizator|destinatar) (?:\w+ )?(?:necunoscut|inexistent)",
                ),
            ),
            (
                "encontrado|encontrada|localizado|cadastrado|registrado|registrada|trovato|trovata|valido|inexistente",
                (
                    r"(?:no|nao|non) (?:se )?(?:ha sido |foi |fue |e stato )?(?:encontrad\w|localizad\w|cadastrad\w|registrad\w|trovat\w)",
                    r"(?:conta|cuenta|usuario|caixa|casilla|direccion|endereco|correo) (?:\w+ ){0,4}?inexistente",
                ),
            ),
            (
                "недействителен|недействительный|неверный|неверен|зарегистрирован|найден|несуществующий",
                (
                    r"(?:адрес|получател\w|пользовател\w|ящик\w?) (?:\w+ ){0,3}?(?:недеиствител\w+|неверн\w+|не зарегистрирован\w?|не наиден\w?)",
                    r"(?:недеиствительн\w+|неверн\w+|несуществующ\w+) (?:адрес|получател\w|ящик)",
                ),
            ),
            (
                "无效|错误的收件人|登録されて|ありません|없는|없습니다|错误|該当|该当|없|존재하지",
                (
                    r"无效(?:的)?(?:用户|收件人|地址|邮箱|账号)|(?:收件人|用户|地址|邮箱)(?:地址)?.{0,3}(?:无效|错误)",
                    r"(?:宛先|あて先|ユーザー?|アドレス|受信者|メールボックス).{0,14}(?:登録されて(?:い|お)ません|ありません|該当)",
                    r"(?:사용자|수신자|주소|계정).{0,10}(?:없|존재하지)",
                ),
            ),
            (
                "unknown|unrecognized|unrecognised|unlisted",
                (
                    rf"{_BOX} (?:\w+ ){{0,3}}?(?:unknown|unrecogni[sz]ed|unlisted)\b{_NO_FAULT_WORD}",
                    rf"(?:unknown|unrecogni[sz]ed|unlisted)\b{_NO_FAULT_WORD} (?:(?:or|and|illegal|invalid|local|virtual|mail|e|email|destination|recipient|target|delivery|final|to|user|smtp|rcpt|non|existent|disabled|inactive) ){{0,4}}?{_BOX}\b(?! error)",
                    r"unknown (?:to (?:this|our|the)|here|at this|in (?:this|our|the|virtual|local|relay))",
                    r"rcpt (?:to )?unknown",
                ),
            ),
            (
                "such|nobody|name|names|one|noone|customer|customers|member|subscriber|registered|available|mailbox|account|person|user|recipient",
                (
                    rf"no such (?:\w+ ){{0,2}}?(?:{_BOX}|user|person|name|box|entry|object|mail)",
                    r"(?:nobody|no ?one|no mail ?box|no user|noone|no account|no person) (?:\w+ ){0,3}?(?:by|with|of) (?:that|this) (?:name|address|e ?mail|account|user ?name|id)",
                    r"no such (?:user|address|recipient|mail ?box|account)",
                    r"by that name",
                    r"not (?:an? |our |an? known |an? registered |a valid )(?:customers?|users?|members?|subscribers?|local user|recipients?)\b",
                    r"no (?:e ?mail |mail |valid |user |local )?(?:mail ?box|account|mail ?drop|mail box) (?:available|found|exists|configured|defined)",
                    r"no (?:correct|valid|acceptable) recipients?",
                ),
            ),
            (
                "exist|exists|existing|existent|existant|nonexistent|nonexist|inexistent|nonexisting|exsit|exit+acco|addr|alia|cust|dest|didn|does|dont|emai|empl|inbo|loca|mail|no|non|not|pers|reci|subs|user",
                (
                    rf"{_BOX} {_GAP}{_DO_NOT} (?:\w+ )?(?:exists?|existing|exsits?)\b",
                    rf"{_BOX} {_GAP}(?:non ?exist\w*|inexistent|not existent|not existing)",
                    rf"(?:non ?existent|inexistent|non ?existing|non ?exist) (?:\w+ ){{0,2}}?{_BOX}",
                    r"(?:does not|doesnt|does nt|doesn t|do not|dont|didnt|did not|not|no) exists?\b",
                    r"no longer exists?",
                    r"exist not",
                ),
            ),
            (
                "found|locate|located|find|lookup|match|matching",
                (
                    rf"{_BOX} (?:\w+ ){{0,5}}?{_NOT} (?:\w+ )?(?:found|located|matched)",
                    rf"(?:could not|couldnt|cannot|cant|can not|unable to|failed to|not) (?:find|locate|match) (?:\w+ ){{0,4}}?{_BOX}\b(?! (?:database|server|store|file|table|list|quota))",
                    rf"no (?:\w+ ){{0,2}}?{_BOX} (?:\w+ ){{0,2}}?found",
                    r"not found (?:in|by) (?:\w+ ){0,3}?(?:directory|ldap|database|table|address|system|server|lookup|smtp)",
                    r"no match(?:ing)? (?:\w+ )?(?:user|recipient|address|account)",
                    r"address look ?up (?:\w+ )?failed",
                ),
            ),
            (
                "invalid|valid|incorrect|wrong|illegal|bad|nonvalid|misspelled|inaccurate",
                (
                    r"(?:invalid|incorrect|wrong|illegal|bad|misspelled|not a valid|no valid|not valid|isnt a valid|non valid) (?:(?:or|and|unknown|inactive|virtual|local|mail|e|destination|recipients?|final|delivery|user|target|rcpt|to|domain|primary|smtp|non|existent|empty|external) ){0,4}?(?:recipients?|user ?names?|user ?id|users?|mail ?box(?:es)?|mail ?drop|account|addressee|alias|local ?part|destination (?:mail ?box )?address|destination|e ?mail address|to address|rcpt(?:to)?|inbox|local user|address(?:es)?|e ?mail id)\b(?! (?:database|server|store|size|format|in (?:the )?(?:from|header)))",
                    r"(?:recipients?|user ?name|users?|mail ?box|account|addressee|alias|local ?part|e ?mail address|to address|rcpt|address|e ?mail) (?:address(?:es)? )?(?:\w+ ){0,3}?(?:invalid|incorrect|not valid|not a valid|isnt valid|is wrong|wrong|no longer valid|isnt a valid)\b",
                ),
            ),
            (
                "here|account|accounts|mailbox|mailboxes|have|has|having|user|registered|customer|subscriber|configured|known|defined|recognised+didn|does|dont|no|not",
                (
                    r"(?:does not|doesnt|do not|dont|didnt|not) have (?:an?|any|a valid) (?:\w+ ){0,6}?(?:account|mail ?box|address|[a-z]+ \. [a-z]+ account)",
                    r"no (?:e ?mail |mail |valid |user |local )?(?:mail ?box|account|mail ?drop|mail box)(?: available| found| exists| configured| defined)? ?(?:here|for (?:this|that|the)|by|with|at this|on this|exists)?\b",
                    r"not (?:our|a) (?:customer|user|subscriber|local user|known user|registered)",
                    r"not (?:a )?(?:known|registered|recogni[sz]ed|configured|defined) (?:\w+ )?(?:user|mail ?box|account|recipient|address|here|on this|at this|in this)?",
                    r"(?:this user )?(?:does not|doesnt) have an?\b",
                    r"has no (?:account|mail ?box)",
                ),
            ),
            (
                "known|recognized|recognised|registered|listed|local|directory|located",
                (
                    rf"{_BOX} (?:\w+ ){{0,5}}?(?:{_NOT}) (?:\w+ ){{0,2}}?(?:known|recogni[sz]ed|registered|listed|local|located)\b",
                    r"not (?:known|recogni[sz]ed|registered|listed) (?:here|at|to|by|in|on|as|with)\b(?! (?:\w+ ){0,3}?(?:white|allow|sender))",
                    r"not listed in (?:\w+ ){0,4}?(?:directory|address book|domino)",
                    r"user not local",
                    r"not a local (?:user|mail ?box|address|recipient)",
                    r"(?:does not|doesnt) (?:know|recogni[sz]e) (?:\w+ ){0,3}?(?:user|recipient|mail ?box|address)",
                    r"mail ?box not local",
                ),
            ),
            (
                "ok|wrong",
                (
                    r"rcpt (?:\w+ ){0,3}?not ok",
                    r"wrong recipients?",
                ),
            ),
            (
                "undeliverable|undelivered|unrouteable|unroutable|deliverable|unreachable|routable",
                (
                    r"(?:undeliverable|unrouteable|unroutable|undelivrable) (?:\w+ )?(?:address|recipient|mail ?box)",
                    r"(?:address|recipient|mail ?box) (?:\w+ ){0,2}?(?:undeliverable|unrouteable|unroutable|not deliverable|unreachable|not routable)",
                ),
            ),
            (
                "handle|customer|reply|accountname",
                (r"handle mail for (?:that|this|the) user", r"handle mail for"),
            ),
            (
                "typo|typos|misspelling|mistyped|double",
                (
                    r"check (?:\w+ ){0,6}?(?:address|recipient|e ?mail) (?:\w+ ){0,4}?(?:typo\w*|misspell\w*)",
                    r"double check\w* the recipients? e ?mail address",
                    r"mistyped (?:address|recipient)",
                ),
            ),
            ("sorry|couldnt", (r"i couldnt find (?:\w+ ){0,2}?(?:user|mail ?box)",)),
            # German, French, Spanish, Portuguese, Italian, Polish, Dutch and others
            (
                "unbekannt|unbekannter|unbekannte|existiert|gibt|unzustellbar|ungultig|ungultige|ungueltig|unbekannten|nicht",
                (
                    r"(?:empfanger\w*|empfaenger\w*|benutzer\w*|adressat\w*|adresse|mail ?adresse|nutzer|postfach|mail ?box|konto|user|account|teilnehmer) (?:\w+ ){0,4}?(?:unbekannt|existiert nicht|nicht (?:bekannt|gefunden|vorhanden|existent)|ung(?:ue|u)ltig|nicht verfugbar|gibt es nicht)",
                    r"unbekannte\w? (?:empf\w+|benutzer|adress\w*|nutzer|user)",
                    r"existiert (?:\w+ ){0,4}?nicht",
                    r"ung(?:ue|u)ltige (?:empf\w+|adress\w*|mail\w*)",
                ),
            ),
            (
                "inconnu|inconnue|existe|nexiste|invalide|inexistant|inexistante|introuvable|trouve",
                (
                    r"(?:utilisateur|destinataires?|adresse|compte|boite|user|usager) (?:\w+ ){0,6}?(?:inconnue?|n existe|nexiste|n existe pas|invalide|inexistante?|introuvable|non trouvee?)",
                    r"n ?existe pas",
                    r"(?:inconnu|inexistant) (?:a|dans|chez|sur)",
                    r"adresse (?:\w+ ){0,6}?invalide",
                ),
            ),
            (
                "desconocido|desconocida|existe|inexistente|encontrado|desconhecido|valido|invalido|encontrada|inexistent",
                (
                    r"(?:usuario|destinatario|cuenta|casilla|buzon|direccion|conta|caixa|endereco|mailbox|correo|email) (?:\w+ ){0,5}?(?:desconocid[ao]|desconhecid[ao]|no existe|nao existe|inexistente|no encontrad[ao]|nao encontrad[ao]|invalid[ao]|no es valid[ao]|no valid[ao]|nao e valid[ao])",
                    r"(?:no|nao) existe",
                    r"(?:usuario|destinatario) inexistente",
                ),
            ),
            (
                "sconosciuto|sconosciuta|esiste|inesistente|errato|trovato|insistente|non",
                (
                    r"(?:utente|destinatari\w|destin|indirizzo|casella|account) (?:\w+ ){0,4}?(?:sconosciut\w|non esiste|inesistente|errat\w|non trovat\w|non valid\w)",
                    r"non esiste",
                ),
            ),
            (
                "istnieje|takiego|nieznany|takiej",
                (
                    r"nie istnieje",
                    r"nie ma (?:\w+ )?takie(?:go|j) (?:konta|uzytkownika|adresu|adresata|skrzynki|odbiorcy)",
                    r"nieznany (?:uzytkownik|adres\w*|odbiorca)",
                ),
            ),
            (
                "onbekend|onbekende|bestaat|okand|ukjent|ukendt|tuntematon",
                (
                    r"(?:gebruiker|ontvanger|adres|mottagare|mottaker|modtager|bruger|bruker) (?:\w+ ){0,3}?(?:onbekend|bestaat niet|okand|ukjent|ukendt)",
                    r"bestaat niet",
                    r"onbekende (?:gebruiker|ontvanger)",
                ),
            ),
            (
                "существует|найден|неизвестен|неизвестный|такого|найдена|несуществующий|обнаружен",
                (
                    r"(?:пользовател\w|получател\w|ящик|адрес|адресат|почтовыи ящик|аккаунт) (?:\w+ ){0,5}?(?:не существует|не наиден\w?|неизвест\w+|не обнаружен)",
                    r"нет такого (?:\w+ ){0,2}?(?:пользовател\w|адрес\w|ящик\w|получател\w)",
                    r"неизвестныи (?:пользователь|получатель|адрес)",
                    r"такого (?:пользователя|адреса|ящика) нет",
                    r"не существует",
                ),
            ),
            (
                "不存在|存在しません|見つかりません|不明|未开通|找不到|存在しない|沒有此|查无此|查无此人|無此|查無|存在しな|没有此|用戶存在しせんない|帳號存在しませない|あて先存在しませな|邮箱存在しせんない|受信者存在しまん|用户存在しまい|使用者存在しせ|宛先存在しまい|查无此帳號|查无此使用者|查无此收件人|查无此邮箱|查无此账号|查无此信箱|不存|存在し",
                (
                    r"(?:用户|用戶|收件人|邮箱|郵箱|信箱|账号|帐号|帳號|使用者|地址|收信人|宛先|あて先|ユーザー?|アドレス|メールボックス|アカウント|受信者).{0,16}(?:不存在|存在しま?せ?ん?な?い?|見つかりません|不明|未开通|找不到)",
                    r"(?:不存在|找不到|没有此|沒有此|查无此|無此|查無).{0,8}(?:用户|用戶|收件人|邮箱|郵箱|信箱|账号|人|使用者|帳號)",
                    r"存在しません",
                    r"(?:宛先|あて先)(?:が)?不明",
                ),
            ),
            ("존재하지", (r"존재하지",)),
        ),
        temporary_as=None,
    ),
    # The receiving system -------------------------------------------------------------------------------------------
    Family(
        "timed_out",
        Reason.TIMED_OUT,
        "RFC 5321 §4.5.3.2; Postfix, Exim, Sendmail, Exchange connection time-outs",
        (
            (
                "タイムアウト|超时|逾時|逾时",
                (r"タイムアウト|超时|逾[时時]",),
            ),
            (
                "attente|espera|attesa|истекло|ожидания|dattente|tiempo|tempo|превышено",
                (
                    r"delai d ?attente",
                    r"tiempo (?:de espera|agotado)|tempo (?:de espera|esgotado|limite)|tempo scaduto",
                    r"(?:истек\w+|превышен\w?) (?:\w+ ){0,2}?(?:время|ожидани\w)",
                ),
            ),
            (
                "timed|timeout|timeouts|respond|responding|responded|response|answer|answering",
                (
                    r"timed ?out",
                    r"time ?out",
                    r"(?:not|didnt|did not|no|doesnt|fail\w*) (?:\w+ )?(?:respond\w*|answer\w*|response)",
                    r"no answer from host",
                ),
            ),
            (
                "zeituberschreitung|delai|tiempo",
                (r"zeituberschreitung", r"delai (?:\w+ ){0,3}?depasse", r"tiempo de espera"),
            ),
        ),
    ),
    Family(
        "connection",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.4.X; Postfix, Exim, Sendmail, qmail connection errors, errno texts",
        (
            (
                "connection|connect|connections|connecting|connected|socket|route|network|host|unreachable|dropped|reset|port|conversation|session|open|establish|reach|contact|down|problem|failure|error|pipe|closed|terminated",
                (
                    r"connection (?:\w+ ){0,4}?(?:refused|reset|closed|dropped|failed|lost|error|aborted|broken|interrupted|was|died|terminated|failure|could not)",
                    r"(?:could not|couldnt|cannot|cant|can not|unable to|failed to|wasnt able to|not able to|was unable to|failure|not) (?:be )?(?:connect\w*|establish\w*|open|reach\w*|contact\w*)",
                    r"lost connection",
                    r"(?:no|without) route to (?:host|domain|destination)",
                    r"(?:network|host|destination|server) (?:is )?(?:unreachable|not reachable|down|is down)",
                    r"(?:network|communication|socket|transport|transmission|protocol|i o|io) (?:\w+ )?(?:error|failure|problem)",
                    r"(?:bad|broken|poor) (?:connection|pipe)",
                    r"no route to host",
                    r"remote host (?:said|closed|dropped|went away|not available)",
                    r"connected to (?:\w+ ){0,8}?but (?:connection died|sender was rejected|greeting failed|my name was rejected)",
                    r"server (?:closed|dropped|terminated) ",
                    r"high probability of",
                    r"not connected",
                ),
            ),
            (
                "delayed|delay|suspended|deferred",
                (r"delivery temporarily suspended", r"delivery (?:is |was |has been )?(?:delayed|deferred)"),
            ),
            (
                "dns|name|lookup|mx|nameserver|resolve|resolving|resolver|locate|find|route+cann|coul|erro|fail|not|prob|time|unab|unav",
                (
                    r"(?:dns|name ?server|name service|mx|nameserver) (?:\w+ ){0,4}?(?:error|failure|failed|problem|timeout|unavailable)",
                    r"(?:unable|failed|cannot|could not|couldnt|not able) to (?:look ?up|resolve|route|locate|find)",
                    r"(?:lookup|resolution) (?:failure|error|failed|problem)",
                    r"cname lookup failed",
                    r"resolv\w+ (?:\w+ )?(?:failed|error)",
                ),
            ),
        ),
    ),
    Family(
        "come_back_later",
        Reason.SERVER_UNAVAILABLE,
        "RFC 6647: a bare 'try again later' under X.7.1 is greylisting; policyd-weight and Mail.ru write it so",
        (
            (
                "later|minutes|seconds|hours+try|retry|come",
                (
                    r"^(?:recipient address rejected )?(?:policy rejection )?(?:please |sorry )*(?:try|retry|come back) (?:again )?(?:later|in (?:a few|\w+) (?:minutes|seconds|hours))",
                ),
            ),
        ),
        policy_as=Reason.RATE_LIMITED,
    ),
    Family(
        "system",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.3.X, RFC 5321 421/451; Sendmail, Postfix, Exim, procmail, Exchange: local errors of the receiver",
        (
            (
                "vorubergehend|voruebergehend|spater|verfugbar|temporairement|temporaire|ulterieurement|indisponible|temporalmente|disponible|temporariamente|indisponivel|tarde|temporaneamente|tardi|tymczasowo|tymczasowy|pozniej|niedostepny|dienst|nicht|plus|mais",
                (
                    r"vor(?:u|ue)bergehend",
                    r"(?:dienst|server|system) (?:\w+ ){0,4}?nicht (?:verfugbar|erreichbar)|spater (?:noch ?einmal|erneut|wieder)",
                    r"temporairement|erreur temporaire|ulterieurement|plus tard|service indisponible",
                    r"temporalmente|(?:servicio|servidor) no disponible|mas tarde",
                    r"temporariamente|(?:servico|servidor) indisponivel|mais tarde",
                    r"temporaneamente|piu tardi",
                    r"tymczasow\w|pozniej",
                ),
            ),
            (
                "временно|позже|позднее|недоступен|повторите",
                (r"временно|попробуите позже|позже|повторите попытку",),
            ),
            (
                "稍后|稍後|系统繁忙|系统错误|暂时|暂時|暫时|暫時|服务器忙|服务不可用|一時的|後ほど|しばらく|混雑|一时|일시적|나중에|잠시",
                (
                    r"稍[后後]|系统(?:繁忙|错误)|[暂暫][时時]|服务器忙|服务不可用|一時的|後ほど|しばらく|混雑|일시적|나중에|잠시",
                ),
            ),
            (
                "conversation|initiate",
                (r"could not initiate",),
            ),
            (
                "writable|locked|lock",
                (r"world writable|could not be locked|cannot be locked|lock failure|unable to lock",),
            ),
            (
                "license",
                (r"licen[cs]e (?:has )?expired",),
            ),
            (
                "delivery|deferred",
                (r"delivery deferred",),
            ),
            (
                "writing|write",
                (r"(?:write|writing) (?:\w+ )?error|error writing",),
            ),
            (
                "replicated",
                (r"failed to be replicated",),
            ),
            (
                "action",
                (r"requested (?:mail )?action aborted(?= \d|$| \.)",),
            ),
            (
                "temporary|temporarily|temporar|transient|currently|presently",
                (
                    r"temporar(?:y|ily) (?:\w+ ){0,4}?(?:system |server |local |lookup |internal |database |io |i o |dns |mail )?(?:problem|error|failure|unavailable|fault|rejected|deferred|refused|disabled|not available|inaccessible|offline|out of|local|down|difficult\w+|suspended|overloaded|trouble|issue)",
                    r"(?:service|server|system|host|mail ?box|resources?|destination) (?:\w+ ){0,4}?(?:temporarily|currently|presently)(?: \w+)? (?:unavailable|not available|down|overloaded|busy|out of|offline|disabled|rejected|deferred|inaccessible|unable)",
                ),
            ),
            (
                "service|server|system|resources|services|site|failure|fault|problem|error|channel",
                (
                    r"(?:service|server|system|resources?|services|site) (?:\w+ ){0,4}?(?:unavailable|not available|busy|overloaded|down|shutting down|not operational|not responding|maintenance|error|failure|problem|fault|offline|too busy|problems|errors|troubles?)",
                    r"(?:internal|local|mail|mail ?server|unexpected|fatal|general|software|technical|backend|storage|remote) (?:\w+ ){0,2}?(?:server|system|software|processing|delivery|service)? ?(?:error|failure|problem|fault)",
                    r"resources (?:\w+ ){0,2}?(?:unavailable|not available|low)",
                    r"closing (?:transmission )?channel",
                ),
            ),
            (
                "error|failure|failed|problem|errors|exception|fatal|crash|crashed|died|aborted|fault|exited|terminated|returned",
                (
                    r"(?:local|internal|io|i o|disk|write|read|database|ldap|lookup|processing|program|script|system|software|filter|mailer|permission|file|unexpected|fatal|technical|general|queue|storage|backend|directory|delivery agent|lmtp|milter|policy server|content filter|pipe|unknown) (?:\w+ ){0,3}?(?:error|failure|problem|exception|errors)\b",
                    r"error (?:in|while|during|writing|reading|opening|accessing) (?:\w+ ){0,3}?(?:process\w*|writ\w+|open\w*|read\w*|deliver\w*|mail\w*|file|message|queue|database)?",
                    r"(?:command|process|program|mailer|child|script|agent) (?:\w+ ){0,3}?(?:died|crash\w*|failed|exited|returned|aborted|terminated)",
                    r"local error in processing",
                    r"mailer (?:error|failure)",
                    r"(?:exit|return|error) (?:code|status) \d+",
                ),
            ),
            (
                "exit|exited|command|status|exec|procmail|maildrop|pipe|program|shell|mailer|signal|can|could|unable|cannot|unavailable",
                (
                    r"exit(?:ed)? (?:with )?(?:status|code|value)",
                    r"(?:cannot|can not|could not|unable to|couldnt) (?:exec|execute|run|open|create|write|append|lock|access|chdir|update|read|deliver|save|store)",
                    r"procmail",
                    r"maildrop",
                    r"died (?:with|on) (?:status|signal)",
                    r"service unavailable",
                    r"command (?:time limit|output|line usage)",
                ),
            ),
            (
                "permission|write|lock|create|access|open|directory|file|cannot|couldnt|unable|mkdir|append|cant|failed|can|output|stale",
                (
                    r"(?:cannot|can not|could not|couldnt|unable to|cant|failed to) (?:\w+ )?(?:exec\w*|run|open|create|creat|write|append|lock|access|chdir|update|read|save|store|mkdir|stat|queue|process|expand)",
                    r"(?:permission denied|operation not permitted|read only file ?system|no such file|input output error|stale nfs|not a directory|bad file)",
                    r"(?:file|directory) (?:\w+ ){0,3}?(?:error|permission|not writable|too large|locked)",
                ),
            ),
            (
                "busy|overloaded|overload|load|maintenance|later|backlog|congested|congestion|again",
                (
                    r"(?:too|server|system|currently|host|is|very|mail) busy",
                    r"overload\w*",
                    r"(?:high|load|system) (?:\w+ ){0,2}?load",
                    r"load (?:average|is|too)",
                    r"maintenance",
                    r"congest\w+",
                    r"please (?:try|retry|resend) (?:again )?later",
                    r"try (?:again )?later",
                    r"try again",
                ),
            ),
            ("memory|resource", (r"(?:out of|insufficient|not enough) (?:\w+ )?(?:memory|resources?)",)),
            ("aborted|processing", (r"(?:requested )?action aborted", r"in processing")),
            ("transaction", (r"transaction failed(?=$| \.)",)),
            (
                "unavailable",
                (r"(?:service|server|system|host|domain|database|directory|resource) (?:\w+ ){0,3}?unavailable",),
            ),
            ("недоступен|временная|временно", (r"временн\w+ (?:\w+ ){0,2}?(?:ошибк\w|недоступ\w+)",)),
        ),
    ),
    Family(
        "message_refused",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.6.0, X.7.1: the message, not its recipient, is refused, without a reason",
        (
            (
                "message+refu|reje|not|filt|bloc|disc",
                (r"message (?:\w+ ){0,2}?(?:refused|rejected|not allowed|filtered|blocked|discarded|not accepted)\b",),
            ),
            ("mail|email+filt|bloc", (r"(?:mail|email) (?:has been |was |is )?(?:filtered|blocked)\b",)),
            ("message", (r"message content\b",)),
        ),
    ),
    Family(
        "recipient_rejected",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 5321 §3.3: a refusal of RCPT without another word",
        (
            (
                "verified|verify|verification",
                (
                    rf"{_BOX} (?:\w+ ){{0,2}}?(?:cannot be|could not be|couldnt be|not be|not) verified",
                    r"recipient verif\w+ failed",
                ),
            ),
            (
                "rejected|refused|denied",
                (
                    r"recipients?(?: address(?:es)?)? (?:is |was |are |were |has been )?(?:rejected|refused)(?=$| \.)",
                    r"(?:^|\. )address rejected(?=$| \.)",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
        policy_as=Reason.SENDER_BLOCKED,
    ),
    Family(
        "recipient_access_denied",
        Reason.ADDRESS_NOT_FOUND,
        "Postfix access(5) on recipients; Microsoft Learn, Directory-Based Edge Blocking: the recipient itself is refused",
        (("denied", (r"recipient address(?:es)? rejected access denied",)),),
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "mailbox_unavailable",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 5321 §4.2.2, 550 'mailbox unavailable'; GMX and Outlook.com use it for addresses that do not exist",
        (
            (
                "unavailable|available",
                (
                    r"mail ?box (?:(?!store|server|database|system)\w+ ){0,2}?(?:unavailable|not available)(?! or access denied)",
                    r"(?:user|recipient|account|mail user|address) (?:\w+ ){0,2}?(?:unavailable|not available)",
                    r"unavailable (?:mail )?(?:user|mail ?box|recipient)",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
        policy_as=Reason.SENDER_BLOCKED,
    ),
    # Refusals with little said --------------------------------------------------------------------------------------
    Family(
        "policy",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.7.1; Gmail 'has a policy that prohibited', GMX 'reject due to policy reasons', Postfix policy servers",
        (
            (
                "policy|policies|administrative|administratively|prohibited|prohibition|prohibits|rule|rules|restriction|restricted|restrictions|violation|violates|violated|compliance|regulations",
                (
                    r"polic(?:y|ies)",
                    r"administrative\w* (?:\w+ )?(?:prohibit\w*|den\w+|reject\w*|reasons)",
                    r"prohibit\w*",
                    r"(?:by|due to|transport|mail ?flow|custom|local|server|site|recipient|reject|against|delivery) (?:\w+ ){0,3}?(?:rules?|restrict\w+)",
                    r"violat\w+",
                    r"restricted?",
                    r"restrictions?",
                ),
            ),
            (
                "authorized|authorised|permission|permissions|permitted|unauthorized|allowed|authenticated|authentication|login|auth|authenticate",
                (
                    r"(?:not|isnt|arent|never|must be|only) (?:\w+ ){0,2}?(?:authori[sz]ed|permitted|allowed|authenticated)",
                    r"(?:no|not have|without|lacks?|insufficient|dont have|doesnt have|do not have) (?:\w+ ){0,2}?permissions?",
                    r"unauthori[sz]ed",
                    r"(?:requires?|need|required|must) (?:\w+ ){0,2}?(?:authenticat\w+|login|auth)\b",
                    r"authentication (?:\w+ )?required",
                ),
            ),
        ),
    ),
    Family(
        "refused",
        Reason.SENDER_BLOCKED,
        "RFC 5321 554; refusals of the connection or the sender without a reason",
        (
            (
                "denied|blocked|banned|forbidden|bounced",
                (r"access (?:\w+ )?denied", r"\b(?:blocked|banned|forbidden)\b", r"\bdenied\b"),
            ),
            (
                "refused|rejected|reject|declined|refuse|denied",
                (
                    r"(?:mail|message|e ?mail|connection|delivery|transaction|data|command|session) (?:\w+ ){0,4}?(?:refused|rejected|declined)",
                    r"^(?:refused|rejected|reject|denied)\b",
                    r"(?:refused|rejected) by",
                ),
            ),
            (
                "rejete|refuse|abgelehnt|abgewiesen|rechazado|rejeitado|respinto|rifiutato|odrzucona|rechazo|geweigerd",
                (
                    r"(?:rejete|refuse|abgelehnt|abgewiesen|rechazad[ao]|rejeitad[ao]|respint[ao]|rifiutat[ao]|odrzucon[aey]|geweigerd)",
                ),
            ),
            ("拒绝|拒收|拒否|屏蔽|拒絕", (r"(?:拒绝|拒收|拒否|屏蔽|拒絕)",)),
        ),
        message_as=Reason.CONTENT_REJECTED,
    ),
)
"""Families in the order in which they are tried."""

ENHANCED: dict[str, Reason] = {
    # RFC 3463 (classes 4 and 5 alike unless a class is written), RFC 7372, RFC 7505, RFC 5248 registry, Microsoft Learn
    "1.1": Reason.ADDRESS_NOT_FOUND,
    "1.2": Reason.DOMAIN_NOT_FOUND,
    "1.3": Reason.ADDRESS_MALFORMED,
    "1.4": Reason.ADDRESS_NOT_FOUND,
    "1.6": Reason.MAILBOX_DISABLED,
    "1.7": Reason.SENDER_BLOCKED,
    "1.8": Reason.SENDER_BLOCKED,
    "1.9": Reason.SERVER_UNAVAILABLE,
    "1.10": Reason.DOMAIN_NOT_FOUND,
    "1.90": Reason.RATE_LIMITED,
    "2.1": Reason.MAILBOX_DISABLED,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.MESSAGE_TOO_LARGE,
    "2.121": Reason.RATE_LIMITED,
    "2.122": Reason.RATE_LIMITED,
    "3.0": Reason.SERVER_UNAVAILABLE,
    "3.1": Reason.SERVER_UNAVAILABLE,
    "3.2": Reason.SERVER_UNAVAILABLE,
    "3.3": Reason.SERVER_UNAVAILABLE,
    "3.4": Reason.MESSAGE_TOO_LARGE,
    "3.5": Reason.SERVER_UNAVAILABLE,
    "4.0": Reason.SERVER_UNAVAILABLE,
    "4.1": Reason.SERVER_UNAVAILABLE,
    "4.2": Reason.SERVER_UNAVAILABLE,
    "4.3": Reason.SERVER_UNAVAILABLE,
    "4.4": Reason.SERVER_UNAVAILABLE,
    "4.5": Reason.SERVER_UNAVAILABLE,
    "4.6": Reason.SERVER_UNAVAILABLE,
    "5.4.4": Reason.DOMAIN_NOT_FOUND,  # Postfix and qmail: no host, no MX; 4.4.4 is a failure of routing
    "4.7": Reason.TIMED_OUT,
    "4.11": Reason.SERVER_UNAVAILABLE,
    "4.12": Reason.SERVER_UNAVAILABLE,
    "4.14": Reason.SERVER_UNAVAILABLE,
    "4.300": Reason.TIMED_OUT,
    "5.4.310": Reason.DOMAIN_NOT_FOUND,
    "4.310": Reason.SERVER_UNAVAILABLE,
    "4.312": Reason.SERVER_UNAVAILABLE,
    "4.315": Reason.SERVER_UNAVAILABLE,
    "4.316": Reason.SERVER_UNAVAILABLE,
    "4.317": Reason.SERVER_UNAVAILABLE,
    "5.3": Reason.RATE_LIMITED,
    "7.0": Reason.SENDER_BLOCKED,
    "4.7.1": Reason.RATE_LIMITED,  # RFC 6647: greylisting
    "7.1": Reason.SENDER_BLOCKED,
    "7.2": Reason.CONTENT_REJECTED,
    "7.3": Reason.CONTENT_REJECTED,
    "7.5": Reason.CONTENT_REJECTED,
    "7.6": Reason.CONTENT_REJECTED,
    "7.7": Reason.CONTENT_REJECTED,
    "7.8": Reason.CONTENT_REJECTED,
    "7.9": Reason.CONTENT_REJECTED,
    "7.4": Reason.SENDER_AUTHENTICATION,
    "7.10": Reason.SENDER_AUTHENTICATION,
    "7.11": Reason.SENDER_AUTHENTICATION,
    "7.16": Reason.MESSAGE_TOO_LARGE,
    "7.17": Reason.MAILBOX_DISABLED,
    "7.18": Reason.MAILBOX_DISABLED,
    "7.20": Reason.SENDER_AUTHENTICATION,
    "7.21": Reason.SENDER_AUTHENTICATION,
    "7.22": Reason.SENDER_AUTHENTICATION,
    "7.23": Reason.SENDER_AUTHENTICATION,
    "7.24": Reason.SENDER_AUTHENTICATION,
    "7.25": Reason.SENDER_BLOCKED,
    "7.26": Reason.SENDER_AUTHENTICATION,
    "7.27": Reason.SENDER_AUTHENTICATION,
    "7.28": Reason.RATE_LIMITED,
    "7.29": Reason.SENDER_AUTHENTICATION,
    "7.30": Reason.SENDER_AUTHENTICATION,
    "7.57": Reason.CONTENT_REJECTED,
    "7.64": Reason.CONTENT_REJECTED,
    "7.350": Reason.CONTENT_REJECTED,
    "7.367": Reason.CONTENT_REJECTED,
    "7.509": Reason.SENDER_AUTHENTICATION,
    "7.512": Reason.SENDER_AUTHENTICATION,
    "7.515": Reason.SENDER_AUTHENTICATION,
}

REPLY: dict[int, Reason] = {
    # RFC 5321 §4.2.3, RFC 7504. 521, 550, 551, 553 and 554 alone do not tell a bad address
    # from a refused sender: 521 is how many answer a client on a blocklist.
    421: Reason.SERVER_UNAVAILABLE,
    450: Reason.SERVER_UNAVAILABLE,
    451: Reason.SERVER_UNAVAILABLE,
    452: Reason.SERVER_UNAVAILABLE,
    552: Reason.MAILBOX_FULL,
    556: Reason.DOMAIN_NOT_FOUND,
}
