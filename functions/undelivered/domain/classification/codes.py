# ruff: noqa: E501 - each wording stays whole on its line
"""The codes by which receiving systems say why they refused a message: data, no logic."""

from undelivered.domain.classification.family import Family
from undelivered.domain.taxonomy import Reason

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
        (
            (
                "rst|resolver",
                (r"resolver\.rst\.(?:notauthorized|sendernotauth\w*|sendernotin\w*|restrictedtorecipients\w*)",),
            ),
        ),
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
        "exchange/submission",
        Reason.CONTENT_REJECTED,
        "Microsoft Learn, NDR 5.2.0 and 5.7.60: the sender's own mailbox refused to submit the message",
        (("storedrv|sendasdenied", (r"storedrv\.submission", r"sendasdenied")),),
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
        (
            ("busy", (r"\b4\.7\.[56]\d\d\b.{0,12}server busy",)),
            ("as77712|as77713|as77714|as77715|as780090|as780091|as780092", (r"\bas7(?:77|80)\d+\b",)),
        ),
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
        "blocked_by_address",
        Reason.RECIPIENT_REFUSED,
        "The owner of the address that stands before the verb blocks the sender; a host before it would be a server's list",
        (
            (
                "blacklisted|blocked|banned|refuses|rejects|blocks|accepts|accept|want",
                (
                    (
                        r"[^\s<>@]@[\w.-]{1,255}[>\])\"']{0,2}:? (?:has (?:blacklisted|blocked|banned)|refuses|rejects|blocks"
                        r"|(?:does not|doesn't) (?:accept|want) (?:your|(?:e-?mails?|mail|messages) from you)"
                        r"|only accepts (?:e-?mails?|mail|messages) from|accepts (?:e-?mails?|mail|messages) only from)\b"
                    ),
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
                (r"\b(?:bl|es)00\d{1,4}\b",),
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
        (("aup", (r"\baup#(?:[a-z]{1,4}-)?\d{4}",)),),
    ),
    Family(
        "netease/rate",
        Reason.RATE_LIMITED,
        "NetEase Mail Help, Bounce codes: HL:ICC, HL:IFC, HL:ITC, MI:DMC, MI:SFQ, RP:RCL, RP:DRC",
        (("hl|mi|rp|quota", (r"\b(?:hl:i[cft]c|mi:(?:dmc|sfq|qmc|ccl|cel)|rp:(?:rcl|drc|qrc|trc|ccl|cel))\b",)),),
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
        "netease/other",
        Reason.CONTENT_REJECTED,
        "NetEase Mail Help, Bounce codes: all of this form are rules about the sender or the message",
        (("dt|hl|mi|rp|wm", (r"\b(?:dt|hl|mi|rp|wm):[a-z]{3}\b",)),),
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
    "4.62": Reason.SERVER_UNAVAILABLE,
    "4.300": Reason.TIMED_OUT,
    "5.4.310": Reason.DOMAIN_NOT_FOUND,
    "4.310": Reason.SERVER_UNAVAILABLE,
    "4.312": Reason.SERVER_UNAVAILABLE,
    "4.315": Reason.SERVER_UNAVAILABLE,
    "4.316": Reason.SERVER_UNAVAILABLE,
    "4.317": Reason.SERVER_UNAVAILABLE,
    "5.1": Reason.SERVER_UNAVAILABLE,  # errors of the protocol: commands, syntax, arguments, versions
    "5.2": Reason.SERVER_UNAVAILABLE,
    "5.3": Reason.RATE_LIMITED,
    "5.4": Reason.SERVER_UNAVAILABLE,
    "5.5": Reason.SERVER_UNAVAILABLE,
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
    "7.54": Reason.CONTENT_REJECTED,
    "7.57": Reason.CONTENT_REJECTED,
    "7.64": Reason.CONTENT_REJECTED,
    "7.350": Reason.CONTENT_REJECTED,
    "7.367": Reason.CONTENT_REJECTED,
    "7.509": Reason.SENDER_AUTHENTICATION,
    "7.512": Reason.SENDER_AUTHENTICATION,
    "7.515": Reason.SENDER_AUTHENTICATION,
}

REPLY: dict[int, Reason] = {
    # RFC 5321 §4.2.1 to §4.2.3, RFC 7504. 521, 550, 551, 553 and 554 alone do not distinguish a bad
    # address from a refused sender: 521 is how many answer a client on a blocklist.
    421: Reason.SERVER_UNAVAILABLE,
    450: Reason.SERVER_UNAVAILABLE,
    451: Reason.SERVER_UNAVAILABLE,
    452: Reason.SERVER_UNAVAILABLE,
    500: Reason.SERVER_UNAVAILABLE,  # x0x is about commands and their syntax, not about a mailbox
    501: Reason.SERVER_UNAVAILABLE,
    502: Reason.SERVER_UNAVAILABLE,
    503: Reason.SERVER_UNAVAILABLE,
    504: Reason.SERVER_UNAVAILABLE,
    555: Reason.SERVER_UNAVAILABLE,  # parameters of MAIL or RCPT that are not recognised or not implemented
    530: Reason.CONTENT_REJECTED,  # RFC 4954 §6: a login is required, RFC 3207: encryption
    # Courier and qmail write RFC 3463 codes as reply codes: 511 is 5.1.1, 571 is 5.7.1
    511: Reason.ADDRESS_NOT_FOUND,
    512: Reason.DOMAIN_NOT_FOUND,
    517: Reason.SENDER_BLOCKED,
    522: Reason.MAILBOX_FULL,
    523: Reason.MESSAGE_TOO_LARGE,
    571: Reason.SENDER_BLOCKED,
    552: Reason.MAILBOX_FULL,
    556: Reason.DOMAIN_NOT_FOUND,
}
