# ruff: noqa: E501 - each wording stays whole on its line
"""What is said of the sender, the session and the message as a whole."""

from undelivered.domain.classification.family import Family
from undelivered.domain.taxonomy import Reason

# A person who receives, perhaps by the mailbox or by name; and what such a person may refuse
_WHO = (
    r"(?<! to )(?<! to the )(?<! to this )(?<! for this )"
    r"(?:recipients?|receiver|users?|addressees?|customer|person|subscriber|(?:mailbox|account|address) owner)"
    r"(?: (?!server|servers|system|systems|domain|domains|host|hosts|network|organi[sz]ation|company|firm|school|university|hospital|employer|institution|provider|admin\w*|mta|gateway|isp|policy|filter)\w+){0,2}?"
)
_US = r"(?:you\b(?! (?:are|have|must|should|need|can|may|will|do))|(?:your|this|the|that|such|any|all) (?:e ?mail )?(?:mails?|messages?|e ?mails?|address|sender)\b)"

WORDINGS: tuple[Family, ...] = (
    Family(
        "sender_callout",
        Reason.SENDER_BLOCKED,
        "Exim 'Could not complete sender verify callout': our own server did not answer the receiver, perhaps for now",
        (
            (
                "callout|callback+send",
                (r"(?:could not|couldnt|cannot|unable to) complete sender (?:\w+ )?(?:callout|callback)\b",),
            ),
            (
                "callout|callback+veri",
                (r"(?:callout|callback) (?:\w+ ){0,6}?(?:\. )?sender verif\w+ failed\b",),
            ),
            ("callout|callback+setu", (r"(?:callout|callback) setup failed while verifying\b",)),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "check_failed",
        Reason.SERVER_UNAVAILABLE,
        "RFC 7208 §8.6, RFC 6376 §3.9, RFC 4954 454: a check of the receiver's failed for now; amavis, ClamAV, Exim callouts",
        (
            (
                "spf|dkim|dmarc|arc|authentication|domainkeys+temp|time",
                (
                    r"(?:spf|dkim|dmarc|arc) (?:\w+ ){0,5}?(?:temporary (?:error|failure)|temporarily unavailable|temp ?error|time ?out)",
                    r"temporary (?:dns |lookup )?(?:error|failure) (?:\w+ ){0,2}?(?:spf|dkim|dmarc)\b",
                    r"temporary (?:spf|dkim|dmarc) (?:\w+ ){0,2}?(?:error|failure)\b",
                    r"temporary authentication (?:failure|error)",
                ),
            ),
            (
                "check|checks|lookup|look|verification|validation|scan|scanner|scanning|filter|query+temp|time|comp",
                (
                    r"(?:check|lookup|look ?up|verification|validation|scan|scanner|scanning|filter|query)s? (?:(?:of|for|the|your|senders?|recipients?|domain|address|has|had|is|was|a|returned) ){0,5}?(?:temporarily (?:failed|unavailable|not available)|failed temporarily|timed out|temporary (?:error|failure|problem)|(?:could not|couldnt|cannot) be completed)",
                ),
            ),
            (
                "check|verify+addr|reci|user|mail|rcpt",
                (
                    r"(?:could not|couldnt|cannot|can not|unable to) check (?:the |this |that |whether )*(?:address|recipient|user|mailbox|rcpt)\b",
                ),
            ),
            ("buffer+over", (r"buffer over(?:flow|run)\b",)),
            (
                "greylist|greylisting+fail|erro|time",
                (r"greylist\w* (?:\w+ ){0,2}?(?:failure|failed|error|time ?out)\b",),
            ),
            (
                "problem|error|trouble|failure+look|quer|reso",
                (
                    r"(?:temporar\w+ )(?:\w+ ){0,3}?(?:problem|error|trouble|failure) (?:on|with|during|in|at|while) (?:\w+ ){0,3}?(?:lookup|look ?up|query|resolution|resolving)\b",
                ),
            ),
            (
                "temporary|transient+vali|veri|chec|reso|look",
                (
                    r"(?:temporary|transient) (?:error|failure|problem) (?:in |while |when |during )?(?:validating|verifying|checking|resolving|looking up)\b",
                ),
            ),
            (
                "scanned|scanner|scan|filter|antivirus|virus|milter|check",
                (
                    r"(?:could not|couldnt|cannot|unable to|failed to) (?:be )?(?:scan|scanned|virus ?check(?:ed)?)\b",
                    r"(?:scanner|scanning|content filter|spam filter|antivirus|virus filter|milter) (?:is )?(?:\w+ ){0,2}?(?:failure|failed|error|unavailable|not available|not responding|time ?out|timed out|down)\b",
                ),
            ),
            (
                "timeout|timed+plug|milt|filt|scan|data|ldap|back|hook|scri|cont|quer|anti|viru|child",
                (
                    r"(?:plugin|milter|filter|scanner|database|ldap|backend|hook|script|query|antivirus|virus scan\w*|child) (?:\w+ ){0,2}?(?:time ?out|timed out)\b",
                ),
            ),
            ("loop|loops+chec|prot|dete|limi", (r"loops? (?:check|protection|detection|limit)\b",)),
            (
                "sieve|filter|filters|script+abor|cras|fail",
                (r"(?:sieve|filters?) (?:\w+ ){0,3}?(?:aborted|crashed|failed) (?:\w+ ){0,3}?(?:failure|error)\b",),
            ),
            (
                "verification|verify+prob|erro|pend|prog|comp",
                (
                    r"(?:recipient|address|callout) (?:verification|verify) (?:\w+ )?(?:problem|error|pending|progress|not complete\w*)",
                ),
            ),
            (
                "callout|callback+comp",
                (r"(?:could not|couldnt|cannot|unable to) complete (?:(?!sender)\w+ ){0,2}?(?:callout|callback)\b",),
            ),
            (
                "callout|callback+fail|defe|temp|time|not|erro",
                (
                    r"(?:callout|callback) (?:\w+ ){0,2}?(?:failed|failure|deferred|error|timed out|timeout)\b(?! (?:\w+ ){0,8}?(?:invalid|unknown|no such|not found|does not exist|full|disabled|inactive))",
                    r"temporary (?:callout|callback) failure",
                ),
            ),
        ),
    ),
    Family(
        "spam_source",
        Reason.SENDER_BLOCKED,
        "QQ Mail 'Suspected spam sender', zone-mta's and AT&T's lists: the source is known for spam",
        (
            (
                "spam|spammer|spamming|junk|abuse",
                (
                    r"(?:you|host|server|ip|domain|currently) (?:is |are |was |were |been |has |have )*(?:sending|sends?|sent) (?:\w+ ){0,3}?(?:spam|junk)\b",
                    r"^sending (?:\w+ )?(?:spam|junk)\b",
                    r"(?:spam|junk|abuse) from (?:this|your|the) (?:ip|host|server|network|address|domain|system)\b",
                    r"spam (?:sender|sources?|origins?|sending (?:ip|host|server)|originat\w+)",
                    r"(?:identified|listed|known|marked) (?:as|for) (?:a )?(?:spammer|spamming|source of spam)",
                    r"block(?:ed|ing)? for spam\w*",
                ),
            ),
            ("spam+list", (r"(?:in|on) (?:our|the|a|my) spam ?lists?\b",)),
            ("open+rela", (r"(?:from|is|your|you are) (?:\w+ )?(?:an? )?open relay\b",)),
            (
                "harvest|harvesting|dictionary",
                (
                    r"(?:dictionary|directory harvest(?:ing)?|address harvest(?:ing)?|harvest(?:ing)?) (?:attack|attempt)s?\b",
                ),
            ),
            (
                "access+ip|doma|host|netw|site|serv|send|user|you",
                (r"no access for (?:you\b|(?:this|your|the) (?:ip|domain|host|network|site|server|sender|user)\b)",),
            ),
        ),
    ),
    Family(
        "listed_link",
        Reason.CONTENT_REJECTED,
        "URIBL, SURBL: a link in the message is listed, not the sender",
        (
            ("uribl|surbl", (r"(?:by|in|on|at) (?:\w+ )?(?:uribl|surbl)\b",)),
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
                    r"(?:likely|suspected|probable|possible|consistent with) (?:to be )?(?:\w+ )?spam",
                    r"spam (?:patterns?|contents?|text|signatures?|words?)\b",
                ),
            ),
            (
                "html|attachment|attachments|image|images|executable|executables|archives|zip|link|links|url|urls|scripts|macro|macros+acce|rece|allo|perm",
                (
                    r"(?:not|never|no longer|cannot|doesnt|dont|wont|no) (?:accept|receiv|allow|permit)\w* (?:\w+ ){0,3}?(?:html|attachments?|images?|executables?|archives|zip|links|urls|scripts|macros)\b",
                    r"(?:html|attachments?|executables?|archives?|zip|links?|urls?|scripts?|macros?)(?: (?:files?|mails?|messages?))? (?:is |are |was |were )?not (?:accepted|allowed|permitted)\b",
                ),
            ),
            (
                "character|charset|charsets|language|languages|encoding|encodings|alphabet|script+acce|rece|allo|perm|want|read",
                (
                    r"(?:not|never|no longer|cannot|doesnt|dont|wont) (?:accept|receive|allow|permit|want|read)\w* (?:\w+ ){0,7}?(?:character sets?|charsets?|languages?|encodings?|alphabets?|scripts?)\b",
                ),
            ),
            (
                "mime|content|contents+acce",
                (r"(?:not|dont|doesnt|cannot|wont) accept (?:\w+ ){0,5}?(?:mime|contents?)\b",),
            ),
            (
                "held|quarantined|parked|detained|withheld+mess|mail|emai|cont",
                (
                    r"(?:mails?|messages?|e ?mails?|contents?) (?:has |have |had |is |was |been |being |will |be ){0,3}(?:held|quarantined|parked|detained|withheld)\b(?! (?:in|on) (?:the |our )?queue)",
                ),
            ),
            (
                "contains|contain|displays|includes|carries|containing+unwa|fake|hidd|inse|dang|forb|illi|unsa|harm|decep|mali",
                (
                    r"(?:this|your|the|that) (?:message|mail|e ?mail) (?:contains?|displays|includes|carries|containing|is containing) (?:\w+ ){0,4}?(?:unwanted|fake|hidden|insecure|dangerous|forbidden|illicit|unsafe|harmful|deceptive|malicious)\b",
                ),
            ),
            ("bulk|bulkmail", (r"^bulk ?(?:e ?)?mails?\b",)),
            (
                "messages|mails|message|mail+no|empt|blan|shor|bina|enco|quot|base|fore",
                (
                    r"(?:messages?|mails?) with (?:an? )?(?:binary|empty|encoded) (?:body|contents?|parts?)\b",
                    r"^no (?!more |new |further |other |such )(?:\w+ ){1,2}?(?:messages|mails)(?=$| \.)",
                    r"(?:empty|blank|too short|binary|encoded|quoted printable|base ?64) (?:\w+ ){0,3}?(?:messages?|mails?)\b",
                ),
            ),
            (
                "understand|read|speak+chin|japa|kore|russ|engl|cyri|arab|fore|lang",
                (
                    r"(?:not|dont|cannot|cant) (?:understand|read|speak) (?:\w+ )?(?:chinese|japanese|korean|russian|english|cyrillic|arabic|foreign|language)\b",
                ),
            ),
            (
                "advertising|advertisement|marketing|promotional|commercial|newsletter|newsletters|bulk|junk|unsolicited+not|no|refu|reje|bloc|deni|unwa",
                (
                    r"(?:advertising|advertisements?|marketing|promotional|commercial|newsletters?|bulk|junk|unsolicited)(?: (?:e ?mails?|mails?|messages?))? (?:is |are |was )?(?:not|refused|rejected|blocked|denied|unwanted)\b",
                ),
            ),
            (
                "unwanted|unsolicited|undesired|undesirable+mess|mail|emai|it|cont",
                (
                    r"(?:message|mail|email|content|it) (?:is|was|looks|seems|appears) (?:\w+ ){0,3}?(?:unwanted|unsolicited|undesired|undesirable)\b",
                ),
            ),
        ),
    ),
    Family(
        "full_until_expiry",
        Reason.MAILBOX_FULL,
        "Exim 'mailbox is full: retry timeout exceeded': what kept a message in the queue until it expired",
        (
            (
                "full|quota|overquota+expi|time|give|gave|long|retr|giving|deli",
                (
                    r"(?:(?:mailbox|inbox|account) (?:is )?(?:over quota|overquota|full)|(?:mailbox|user|disk) (?:is )?(?:over )?quota) (?:\w+ ){0,3}?(?:\. )?(?:retry time ?out|message expired|delivery time|gave up|giving up)\b",
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
                "retry|possible|impossible+exce|with|for",
                (
                    r"retry time (?:was |has been )?exceeded",
                    r"(?:delivery|sending|transmission) (?:was |is )?(?:not possible|impossible) (?:within|for) (?:more than |over )?\w+ (?:minutes|hours?|days?|weeks)",
                ),
            ),
            (
                "collected|retrieved|picked",
                (r"not (?:been )?(?:collected|retrieved|picked up) (?:\w+ ){0,4}?(?:minutes|hours|days|weeks)",),
            ),
            (
                "minutes|hours|days|weeks|hour|day+abor|aban|boun|canc|can|coul|fail|gave|give|givi|quit|retu|stop|unab|unde|not",
                (
                    r"(?:aborted|abandoned|failed|bounced|returned|cancell?ed|stopped|quit|gave up|giving up|given up|undeliverable|undelivered) (?:trying |delivery )?(?:after|for) (?:more than |over |about )?\w+ (?:minutes|hours?|days?|weeks)",
                    r"(?:cannot|can not|could not|couldnt|unable to|not) (?:be )?(?:deliver\w*|sent|send|transmit\w*|relay\w*) (?:\w+ ){0,4}?(?:within|for|in|after) (?:more than |over |the last |at least )?\w+ (?:minutes|hours?|days?|weeks)",
                ),
            ),
            (
                "queue|queued",
                (
                    r"\w+ (?:minutes|hours?|days?|weeks) (?:in|on) (?:\w+ )?queue",
                    r"(?:in|on) (?:\w+ )?queue for \w+ (?:minutes|hours?|days?|weeks)",
                ),
            ),
            (
                "attempts|tries|retries|retry",
                (
                    r"max(?:imum)? (?:number of |allowed )?(?:\w+ )?(?:delivery )?(?:attempts|retries|tries) (?:\w+ ){0,3}?(?:reached|exceeded|made|exhausted)",
                    r"(?:\d{1,4}|all|several|repeated|multiple) (?:\w+ )?(?:attempts|tries|retries) (?:to deliver |at delivery |to send |to connect |of delivery )?(?:\w+ )?(?:failed|unsuccessful|were made|have been made|have failed)",
                    r"(?:failed|unsuccessful|undelivered|aborted|stopped) after (?:\w+ ){0,3}?(?:attempts|tries|retries)",
                ),
            ),
            (
                "lifetime|old|deadline",
                (
                    r"lifetime (?:\w+ ){0,2}?(?:exceeded|expired|reached|over)",
                    r"(?:message|mail) (?:is |was |has become )?too old",
                    r"(?:exceeded|past) (?:\w+ ){0,3}?(?:lifetime|deadline)",
                ),
            ),
            (
                "limit|over|up|ran+time|life|deli",
                (
                    r"within the (?:time|delivery) limit\b",
                    r"lifetime (?:\w+ ){0,4}?(?:is over|is up|ran out)\b",
                ),
            ),
            (
                "max|maximum+time",
                (r"exceeded (?:the )?max(?:imum)? time (?:without|for|in|of)",),
            ),
            (
                "period|maximum|max",
                (
                    r"max(?:imum)? (?:retry|queue|delivery|lifetime) (?:period|lifetime|age|interval)? ?(?:\w+ ){0,2}?(?:exceeded|reached|expired)",
                ),
            ),
            (
                "expired|expire|expiration|exceeded|timeout",
                (
                    r"(?:message|delivery|mail(?! (?:user|account|box|address|domain))|queue|envelope|transmission|deliverytime|delivery time|queue time|time) (?:\w+ ){0,2}?expired",
                    r"retry time ?out exceeded",
                    r"max(?:imum)? (?:retry|queue|delivery) (?:time|attempts|count)\w*(?: \w+){0,3} exceeded",
                    r"exceeded (?:the )?(?:max(?:imum)?|allowed|retry) (?:number of )?(?:\w+ )?(?:retr\w+|delivery attempts|queue\w*|time in queue|attempts)",
                    r"(?<!account )(?<!mailbox )(?<!user )(?<!address )(?<!subscription )expired (?:before|in queue|after|from queue)",
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
                    r"(?:retries|attempts) (?:have )?(?:been )?(?:exhausted|exceeded|expired)",
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
        (
            ("transaction", (r"(?:per|separate|in a single|this|split) transaction",)),
            (
                "recipient|recipients|rcpt+one|sing|each|same|1",
                (
                    r"(?:one|1|a single) (?:recipient|rcpt) (?:at (?:a|one) time|at once|each|per (?:message|mail|transaction|session|connection))\b",
                    r"(?:recipients?|rcpts?) (?:\w+ ){0,3}?(?:in|with) (?:the )?same (?:message|mail|transaction|session)\b",
                ),
            ),
        ),
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
            (
                "store|database|backend|spool|agent|file|policy|directory|system|maildir|mail+full|lock|not|unav|corr|cras|dama|down|offl",
                (
                    r"(?:mailbox store|database|backend|spool|delivery agent|alias(?:es)? file|policy (?:server|service|daemon)|mail system) (?:(?:is|was|has|been|currently|temporarily) ){0,3}?(?:full|locked|not available|unavailable|corrupt\w*|crashed|damaged|down|offline)\b",
                    r"(?:mailbox file|home directory|mail ?dir)(?: of the user)? (?:(?:is|was|has|been|currently|temporarily) ){0,3}?(?:locked|not available|unavailable|corrupt\w*|damaged|offline)\b",
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
                "command|verb|keyword|sequence|parameter|argument|option|synchronization|synchronisation|pipelining",
                (
                    r"(?:unrecogni[sz]ed|unsupported|unimplemented) (?:smtp |esmtp )?(?:parameters?|arguments?|options?)\b",
                    r"too many (?:unrecogni[sz]ed|unknown|unimplemented|unauthenticated|invalid) commands\b",
                    r"(?:command|verb|keyword) (?:\w+ )?(?:unrecogni[sz]ed|unknown(?! (?:user|recipient|address|mailbox|account|local))|not (?:recogni[sz]ed|implemented|understood|supported))",
                    r"(?:unrecogni[sz]ed|unknown|unimplemented|invalid) (?:smtp |esmtp )?(?:command|verb)\b(?! arguments?)",
                    r"(?:bad|improper|invalid) (?:command )?sequence",
                    r"(?:protocol |smtp )?synchroni[sz]ation error",
                    r"(?:improper|illegal|invalid|unauthori[sz]ed) (?:use of )?(?:\w+ ){0,2}?pipelining",
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
        "not_from_you",
        Reason.SENDER_BLOCKED,
        "Rediff, incoming mail restrictions: what the recipient's organization lets nobody receive from us",
        (
            (
                "allowed|permitted|authorized|authorised|able|entitled+you|your",
                (
                    rf"{_WHO} (?:is |are )?(?:not|never) (?:allowed|permitted|authori[sz]ed|entitled|able) to (?:accept|receive|get|take) (?:any |such )?(?:mails? |messages? |e ?mails? )?from (?:you|your)\b",
                ),
            ),
        ),
    ),
    Family(
        "recipients_own_list",
        Reason.RECIPIENT_REFUSED,
        "Zoho, Mail.ru, MailEnable, SpamArrest, boxbe: texts of personal block and allow lists",
        (
            ("recipient|rcpt+blac|bloc|bann", (r"(?:black ?listed|blocked|banned) (?:recipient|rcpt)\b",)),
            (
                "recipient|rcpt+badr|bad|blac|bloc|deny|deni|reje|bann|barr|denylist|rejectlist",
                (
                    r"(?:recipient|rcpt)(?: address)? (?:is |was )?(?:on|in) (?:my|our|the|a) (?:badrcptto|bad ?rcpt|bad recipients?|black|block|deny|reject)(?: to)? ?lists?\b",
                    r"(?:recipient|rcpt)(?: address)? (?:has been |have been |is |was )(?:denied|blocked|barred|banned|black ?listed)(?=$| \.| please\b| see\b)",
                    r"(?:recipient|rcpt)(?: address)? black ?listed(?=$| \.)",
                ),
            ),
            (
                "blocklist|blacklist|denylist|rejectlist|ignorelist|list+you",
                (
                    r"(?:put|placed|added|listed|set) you (?:on|in|to) (?:an? |the |his |her |their |its )?(?:\w+ )?(?:(?:block|black|deny|reject|ignore) ?list|list of (?:blocked|rejected|unwanted))",
                ),
            ),
            (
                "accept|want|wish|receive|receiving|take|taking+you|your",
                (
                    rf"{_WHO} (?:\w+ly )?(?:does not|doesnt|do not|dont|did not|will not|wont|is not|isnt|no longer) (?:want|wish|accept|receive|take|accepting|taking|receiving)s? (?:to (?:accept|receive|get) )?(?:any )?(?:mails? |messages? |e ?mails? )?(?:from )?(?:you\b|your (?:mails?|messages?|e ?mails?|address|e ?mail address)\b)",
                ),
            ),
            (
                "blocks|blacklisted|blocked|wanted+reci|user|addr|cust",
                (
                    r"not wanted by (?:the |this )?(?:recipient|user|addressee)\b(?!s? (?:server|domain|system|network|organi))",
                ),
            ),
            (
                "list|senders|blacklist|blocklist|rejectlist|ignorelist|killlist|denylist|rejectedlist|blockedlist|deniedlist|rejectionlist+user|reci|cust|addr|pers|priv",
                (
                    r"(?<!ip )(?<!using )(?<!via )(?:recipients?|users?|customers?|addressees?|persons?) (?:personal |private |own )?(?:reject|rejected|rejection|block|blocked|deny|denied|black|ignore) ?(?:lists?|senders)\b",
                    r"(?:personal|private) (?:reject|block|deny|black|ignore) ?list",
                ),
            ),
            (
                "chosen|elected|decided|asked|requested|opted|refuses|declines|unwilling+reci|user|owne|addr|cust|mail",
                (
                    r"(?:recipient|user|owner|addressee|customer|mailbox) (?:has |have |is )?(?:chosen|elected|decided|asked|requested|opted|refuses|declines|unwilling) (?:not )?to (?:accept|receive|get|be)",
                ),
            ),
            (
                "want|wants|wish|wishes|accept|accepts",
                (
                    r"(?:recipient|receiver|user|addressee|customer) (?:\w+ly )?(?:does not|doesnt|dont|did not|didnt|do not|no longer) (?:want|wish|accept)s? (?:\w+ ){0,2}?(?:your|you|this|these|such|to receive)",
                ),
            ),
            (
                "accepting+reci|user|addr|they|cust",
                (
                    r"(?:recipients?|users?|addressees?|customers?|they) (?:is|are) (?:not|no longer) (?:currently )?accepting (?:any )?(?:mails?|messages?|emails?) from\b",
                ),
            ),
            (
                "personal|filter|filters|settings|rules|preferences+reci|user|addr|cust",
                (
                    r"(?:recipient|user|addressee|customer)s? (?:own |personal |private |individual )?(?:mail ?box )?(?:filter|filters|settings|preferences)\b(?! (?:server|system|service))",
                    r"personal (?:\w+ )?(?:filters?|settings|preferences) of (?:the )?(?:recipient|user|addressee)",
                    r"(?:recipient|user|addressee) (?:has |have )?set up (?:an? )?(?:\w+ )?(?:filter|rule)",
                ),
            ),
            (
                "reject|refuse|decline|block|denied|deny|denies+user|reci|rece|addr",
                (
                    r"(?<! to )(?<! to the )(?<! to this )(?:user|recipient|receiver|addressee)s? (?:has |have )?(?:reject|refuse|decline|block|denie|deny)\w{0,2} (?:your|this|the|such) (?:mails?|messages?|e ?mails?|address|sender|domain)",
                ),
            ),
            (
                "empfanger|destinataire|destinatario|odbiorca|получатель+gesp|verw|bloc|bloq|refu|abge|lehn|rech|reje|recu|rifi|zabl|odrz|забл|откл",
                (
                    r"(?:vom empfanger|empfanger hat) (?:\w+ ){0,4}?(?:gesperrt|blockiert|abgelehnt)|empfanger (?:lehnt|blockiert|verweigert)",
                    r"destinataire (?:a |vous )*(?:refuse|bloque)\w*",
                    r"destinatario (?:ha |te |lo )+(?:bloquead[ao]|bloccat[oa]|rechazad[oa]|rifiutat[oa])|destinatario (?:bloqueo|bloqueou|rechaz[ao]|rejeitou|rejeita|recusou|recusa|rifiuta)\b",
                    r"odbiorca (?:\w+ ){0,2}?(?:zablokowal|odrzucil)\w*",
                    r"получател\w+ (?:\w+ ){0,2}?(?:заблокировал|отклонил)\w*",
                ),
            ),
            (
                "收件人|對方|对方|受信者|수신자",
                (
                    r"(?:收件人|[对對]方)(?:已|将您|把您|设置)?.{0,4}(?:拒收|拒绝|黑名单)",
                    r"受信者.{0,8}(?:拒否|受信拒否)",
                    r"수신자.{0,6}(?:거부|차단)",
                ),
            ),
            (
                "envelope",
                (r"envelope blocked user entry",),
            ),
            (
                "approved|preapproved",
                (r"(?:sender|address|you) (?:\w+ ){0,3}?not (?:pre ?|yet )approved",),
            ),
            (
                "whitelist|allowlist|contacts|contact|addressbook|address",
                (
                    r"not (?:on|in) (?:this|that|the|their|his|her) (?:users?|recipients?|persons?|customers?|addressees?)?s? ?(?:white ?list|allow ?list|contacts?(?: list)?|address ?book)(?! (?:of|at|for) (?:the |this |our )?(?:\w+ )?(?:domain|server|system|network|organi[sz]ation|company|host|gateway))",
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
                    r"(?<!ip )(?<!ip address )(?<!server )(?<!host )(?:blocked|rejected|refused|blacklisted|black listed|banned|denied|filtered) by (?:the |this |that |an? )?(?:recipient|user|addressee|mailbox owner|account owner)(?!s? (?:server|domain|organi|host|system|mail ?server|policy|spam|e ?mail (?:system|server)|defined|filter|content|rule|admin|network|company|provider|isp|mta|gateway|firewall|postmaster|site))",
                    r"recipients? (?:has |have |had )?(?:blocked|blacklisted|rejected your (?:mail|message|address)|refused|refuses) (?:you|your|mail|messages?|e ?mails?|this sender|the sender|to (?:receive|accept))",
                    r"(?:on|in|to) (?:the )?(?:recipient|user|addressee)s? (?:personal |private |own )?(?:black ?list|block ?list|blocked senders|rejected senders|ignore list)",
                    r"not (?:on|in) (?:the )?(?:recipient|user|addressee)s? (?:white ?list|allow ?list|accept list|guest list|approved senders|safe senders)",
                    r"(?:recipient|user) (?:only accepts|accepts only|does not accept|doesnt accept|is not accepting|has chosen not to|does not want|doesnt want|does not wish) (?:to (?:receive|accept) )?(?:any )?(?:e ?mails?|mails?|messages?)(?: from (?:you|your|this|certain|specific|approved|known|authori[sz]ed|unknown|trusted))",
                    r"(?:sender|you) (?:is|are) (?:not )?(?:on|in) (?:the |this )?(?:recipient|user)s? \w+ list",
                    r"(?:recipient|user|mail ?box|account|addressee) (?:\w+ ){0,2}?only (?:accepts?|accepting|receives?|takes?) (?:e ?mails?|mails?|messages?)",
                    r"(?:account|mail ?box|user|recipient) (?:is )?protected by(?! (?:\w+ ){0,2}?(?:spam\w*|anti\w*|filter|firewall|virus)\b)",
                    r"(?:recipient|user) (?:has )?restricted",
                    r"recipients? (?:was|were) rejected by (?:a|the) remote (?:mail )?server",
                    r"due to (?:the )?(?:recipient|user|addressee)s? (?:preferences?|rules?|settings?|choice|request)",
                    r"(?<! to )(?<! to the )(?<! to this )(?:user|recipient|addressee) (?:refuses|refused|rejects|declines) (?:to (?:receive|accept) )?(?:this|your|the|any|such|all)? ?(?:e ?mail|mail|message)",
                ),
            ),
        ),
    ),
    Family(
        "dynamic_name",
        Reason.SENDER_BLOCKED,
        "Exim wiki, Verification; Postfix access(5) on helo and client: names of dynamic and dial-up hosts",
        (
            (
                "adsl|dsl|dial|dialup|dynamic|dhcp|cable|pppoe|residential|pool+helo|ehlo|reve|rdns|ptr|host|name",
                (
                    r"(?:helo|ehlo|reverse|rdns|ptr|hostname|host name)(?: dns| name)? (?:\w+ ){0,3}?(?:is|looks|seems|appears|contains|matches|like|as) (?:\w+ ){0,4}?(?:adsl|dsl|dial|dialup|dynamic|dhcp|cable|pppoe|residential|pool)\b",
                ),
            ),
        ),
    ),
    Family(
        "helo",
        Reason.SENDER_BLOCKED,
        "RFC 5321 §4.1.1.1: the name that the client gives itself",
        (
            ("helo|ehlo", (r"(?:bad|invalid|illegal|forged|wrong|unacceptable) (?:helo|ehlo)\b",)),
            (
                "my|our|me|us+addr|name|host|clai|pret|ip|doma",
                (
                    r"^is (?:my|our) (?:own )?(?:ip )?(?:address|name|hostname)\b",
                    r"(?:claim|claimed|claiming|claims|pretend|pretending) to be (?:me|us|my|our)\b",
                    r"(?:use|used|uses|using) (?:my|our) (?:own )?(?:host ?name|name|ip|domain)\b",
                ),
            ),
        ),
    ),
    Family(
        "authentication",
        Reason.SENDER_AUTHENTICATION,
        "RFC 7372, RFC 7489; Google, Microsoft, Yahoo sender requirements: SPF, DKIM, DMARC",
        (
            (
                "align|aligned|signature|signed+from|head|enve|doma|mess|mail|emai|e",
                (
                    r"(?:from|header|envelope|domain) (?:\w+ ){0,5}?(?:do not|does not|doesnt|dont|not) (?:align|aligned)\b",
                    r"(?:message|mail|header) signature (?:\w+ )?(?:invalid|missing|failed|not valid)",
                    r"(?:message|mail|e ?mail) (?:is |was )?not (?:\w+ )?signed\b",
                ),
            ),
            (
                "alignment|p+miss|fail|requ|reje|not|no",
                (r"alignment (?:\w+ )?(?:missing|failed|required|not)", r"p reject\b"),
            ),
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
            ("sender", (r"sender id (?:\w+ )?(?:fail\w*|check|validation|not permitted)",)),
            (
                "forged|spoofed|spoofing|spoof|fake",
                (r"(?:forged|spoofed|fake|spoofing)(?! host)",),
            ),
        ),
    ),
    Family(
        "login",
        Reason.CONTENT_REJECTED,
        "RFC 4954: the receiver wants the sender to log in, or refuses its login",
        (
            (
                "password|authentication|credentials|login|auth",
                (
                    r"auth (?:is |was |has )?(?:failed|unsuccessful|rejected)\b",
                    r"(?:username|user|login)(?: name)? (?:(?:or|and) )?password",
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
                "conform|comply|compliant+stan|inte|smtp",
                (r"(?:does not|doesnt|not) (?:conform|comply|compliant)(?: \w+){0,2} (?:standards?|internet|smtp)",),
            ),
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
                (
                    r"lines? (?:\w+ ){0,2}?(?:too long|exceed\w*|longer)",
                    r"max(?:imum)? (?:\w+ )?line length\b",
                    r"lines? (?:is |are )?not terminated (?:with|by) (?:an? )?(?:cr|crlf|lf)\b",
                ),
            ),
            (
                "data",
                (r"invalid data in message",),
            ),
            (
                "message|mail|email+synt",
                (r"(?:message|mail|email)(?: id)? (?:has|with|contains) (?:an? )?(?:invalid|bad|wrong) syntax",),
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
                    r"headers? (?:lines?|size|fields?) (?:is |are )?too (?:many|large|long|big)\b",
                    r"syntax (?:error )?in (?:\w+ )?headers?",
                    r"headers? (?:check|syntax)",
                    r"messages? (?:with|missing|containing|contains?|has|having) (?:\w+ ){0,4}?headers?",
                ),
            ),
            (
                "header|date|from+requ|need|must|expe|with",
                (
                    r"(?:requires?|needs?|must have|must contain|expects?|without) (?:an? |the )?(?:valid |correct |well formed |single )*(?:\w+ )?(?:header|date field|from field)\b",
                ),
            ),
            (
                "unparseable|unparsable|parse|parsed|parsing",
                (
                    r"unparse?able (?:\w+ )?(?:header|from|message|mail|date|mime|to)\b",
                    r"(?:failed to|could not|couldnt|cannot|cant|unable to|error) (?:be )?(?:parse|parsed|parsing) (?:\w+ )?(?:header|headers|from|message|mail|mime|date)\b",
                ),
            ),
            ("date+past|futu", (r"date (?:\w+ ){0,4}?(?:in the )?(?:past|future)\b",)),
            ("multiple", (r"multiple (?:\w+ )?(?:addresses|mailboxes|senders) in (?:the )?(?:from|sender)",)),
            (
                "bare|stray|malformed|noncompliant|nonstandard",
                (
                    r"(?:bare|stray) (?:lf|cr|linefeed|line feed|newline|carriage return)",
                    r"malformed (?:message|mail(?! from)|e ?mail|mime|from)",
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
        "RFC 3207, RFC 7672, RFC 8461; Postfix, Exchange and Gmail TLS texts",
        (
            (
                "authenticity",
                (r"(?:establish|verify|validate|confirm) (?:\w+ ){0,5}?authenticity\b",),
            ),
            (
                "tls|starttls|ssl|certificate|encrypted|encryption|secure|dane|tlsa|connection+coul|cann|erro|expi|fail|hand|inva|mand|mism|must|need|nego|no|not|plea|refu|requ|self|shou|unab|unav|unkn|untr|vali|veri",
                (
                    r"(?:must|need to|please|should) (?:issue|use|send|start) (?:a )?(?:starttls|tls|ssl|encryption)",
                    r"(?:starttls|tls|ssl|encryption|encrypted connection|secure connection) (?:\w+ ){0,4}?(?:required|requires|mandatory|not available|unavailable|failed|failure|refused|not offered|not supported|error|handshake|negotiation|is needed|not possible)",
                    r"requires? (?:\w+ ){0,2}?(?:starttls|tls|ssl|encryption|encrypted)",
                    r"(?:cannot|can not|could not|failed to|unable to) (?:start|negotiate|establish|initiate) (?:\w+ )?(?:tls|ssl|starttls)",
                    r"(?:server|peer|remote)? ?certificate (?:\w+ ){0,4}?(?:expired|not trusted|not verified|verification|verify|invalid|mismatch|failed|untrusted|not match)",
                    r"certificate (?:is )?(?:self signed|unknown)",
                    r"(?:starttls|tls|ssl|encryption|encrypted|secure)(?: (?:connection|session))? (?:(?:could not|couldnt|cannot) be (?:established|negotiated|started)|must be used)",
                    r"no (?:\w+ )?tlsa",
                    r"(?:tlsa|dane) (?:\w+ ){0,3}?(?:validation|verification|failed|failure|invalid|mismatch|not found)\b",
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
            (
                "hostname|name|host|ip+ip|your|this|the|forg|addr",
                (
                    r"no (?:valid )?(?:host ?name|host name|name) (?:\w+ )?for (?:your|this|the) (?:\w+ )?(?:ip|address|host)",
                    r"ip (?:address )?name (?:\w+ )?(?:fail\w*|error|not found|unknown)",
                    r"(?:possibly |may be )?forged host ?name",
                    r"(?:your|sending|client) ip (?:\w+ ){0,4}?(?:no|without|lacks) (?:\w+ )?(?:host ?name|name)",
                ),
            ),
            (
                "lookup|look+ip|addr|your|clie",
                (r"(?:ip|ip address|client|client address) (?:name )?look ?up (?:\w+ )?(?:fail\w*|error|timeout)",),
            ),
            (
                "dns|zone|обратный|обратная+inve|reve|ruck|обратный|odwr|wste",
                (
                    r"(?:dns|zone) (?:invers[aeo]|revers[aeo])\b",
                    r"(?:invers[aeo]r?|reverso|odwrotn\w+|wsteczn\w+|ruckwarts\w*) (?:\w+ )?dns\b",
                    r"обратн\w+ (?:dns|зон\w|запис\w)",
                ),
            ),
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
                "unauthorized|unauthorised|invalid|forged|faked|malformed+mail|enve",
                (r"(?:unauthori[sz]ed|invalid|forged|faked|malformed) (?:mail ?from|envelope (?:from|sender))\b",),
            ),
            (
                "return|reverse|returnpath|reversepath+synt|inva|bad|malf|miss|erro",
                (
                    r"(?:syntax|error|invalid|bad|malformed|missing) (?:error )?(?:in )?(?:the )?(?:return|reverse) ?path\b",
                ),
            ),
            (
                "return|envelope",
                (
                    r"(?:unroutable|unrouteable|invalid|bad|unknown|unresolvable|undeliverable|missing|empty|bogus) (?:return ?path|envelope (?:from|sender)|return address)",
                ),
            ),
            (
                "verification|called+fail|rcpt",
                (
                    r"^verification (?:has )?failed for\b(?! (?:\w+ )?recipient)(?!.{0,400} recipient verif)",
                    r"called (?:\d+ )*rcpt to",
                ),
            ),
            (
                "denies|rejects|refuses|blocks+send",
                (r"(?:denies|rejects|refuses|blocks) (?:the |this |your |that )?sender\b",),
            ),
            (
                "verify+your|send|retu|rout|from",
                (
                    r"(?:could not|couldnt|cannot|cant|unable to|failed to|did not) (?:be )?verify (?:\w+ ){0,2}?(?:your|the senders?|sender|return)\b",
                    r"verify failed (?:due to|because of|for) (?:route|sender|return|from)\b",
                ),
            ),
            (
                "requires|require+send",
                (r"requires? (?:an? )?(?:valid|existing|resolvable|verified) (?:\w+ )?sender",),
            ),
            (
                "unroutable|unrouteable|bogus|loopback|unresolvable+send|your|mx|reco",
                (
                    r"(?:unroutable|unrouteable|bogus|unresolvable) (?:\w+ )?sender",
                    r"(?:bogus|loopback) (?:mx|a record)",
                ),
            ),
            (
                "sender|senders|your+null|has|have|with|lack",
                (
                    r"senders? (?:address |domain |host )?(?:has|have|with|lacks?) (?:null|no|neither|an? invalid|a bad) (?:valid )?(?:mx|a|dns|aaaa|address|mail)\b",
                    r"your (?:\w+ ){0,2}?(?:domain|address|server) (?:\w+ )?(?:has|have|with|lacks?) (?:null|no|neither|an? invalid|a bad) (?:valid )?(?:mx|a|dns|aaaa|mail)\b",
                ),
            ),
            (
                "your",
                (
                    r"dns (?:error|failure|problem)s? (?:with|on|for|of|in) your (?:\w+ )?domain\b",
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
                    r"(?<!return to )(?<!returned to )sender (?:address |domain |e ?mail |host |hostname |name |server |ip |mail |addr )?(?:\w+ ){0,2}?(?:rejected|refused|denied|blocked|banned|not allowed|not accepted|unknown|invalid|not found|does not exist|doesnt exist|not exist|not valid|verif\w+|must exist|not authori[sz]ed|unauthori[sz]ed|prohibited|disallowed|not permitted|blacklisted|unverified|undeliverable|does not resolve|not resolvable|required|failed|is on|disabled)",
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
                    r"(?:do|does|will) not accept (?:\w+ ){0,2}?(?:mails?|messages?|e ?mails?|connections?) from (?!.*(?:recipient|user))",
                    r"callout verification fail\w*\b(?! (?:\w+ ){0,8}?(?:invalid|unknown|no such|not found|does not exist|full|disabled|inactive)\b)",
                    r"mail ?from (?:\w+ ){0,2}?mismatch\w*",
                    r"sender (?:\w+ ){0,3}?not in my domain",
                    r"verif\w+ (?:of )?(?:the )?(?:sender|return)",
                ),
            ),
            ("callout", (r"sender (?:verify )?call ?out", r"callback verification")),
            ("bounce|bounces+reci", (r"bounces? (?:\w+ ){0,8}?recipients?\b",)),
            (
                "your+misc|conf",
                (
                    r"your (?:\w+ ){0,3}?(?:servers?|host|mta|dns|domain|system) (?:is |are |seems |appears )?(?:to be )?(?:(?:badly|incorrectly|wrongly) configured|misconfigured|not (?:\w+ )?configured)",
                ),
            ),
            ("must+reso|exis", (r"(?:domain|host|hostname|address) (?:name )?must (?:resolve|exist)\b",)),
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
                "sperrliste|noire|negra|nera|zwarte|svartlista|svartlistan|sortliste|feketelistan|liscie|черном|черный|чёрном|списке|список|blockierliste|kara|lista",
                (
                    r"sperrliste|blockierliste|zwarte lijst|svartlista\w*|sortliste\w*|feketelistan?|liste noire|lista negra|lista nera|czarn\w+ (?:liscie|liste)|kara liste",
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
                "listed+by|in|at|on",
                (
                    r"^(?:is |was |are |currently )*listed (?:by|in|at|on)\b(?! (?:\w+ ){0,3}?(?:directory|address book)\b)",
                ),
            ),
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
                    r"(?:client|host|server|ip|address|mta|sender|network|domain|you|your \w+) (?:(?!not |cannot |never )\w+ ){0,5}?(?:listed|found) (?:at|by|in|on|with)\b",
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
            ("score", (r"sender ?score (?:\w+ ){0,3}?(?:low|poor|bad|below)", r"(?:low|poor|bad) sender ?score")),
            ("reputation", (r"reputation",)),
            ("senderbase|talos|senderscore", (r"senderbase|talos|senderscore",)),
        ),
    ),
)
