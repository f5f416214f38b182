# ruff: noqa: E501 - each wording stays whole on its line
"""Whole sentences: a subject and what is said of it, where neither leaves a doubt.

`STRONG` stands above all other wordings: these sentences say whom they are about. `PLAIN` stands below the wordings of
known receivers, and above the refusals that give no closer reason.
"""

from undelivered.domain.classification.family import Family
from undelivered.domain.taxonomy import Reason

# Subjects. What is the sender's, or of a machine, has its mark before the noun.
_NOT_OURS = (
    r"(?<!sender )(?<!senders )(?<!sending )(?<!your )(?<!from )(?<!ip )(?<!return )(?<!reply )(?<!envelope )"
    r"(?<!source )(?<!client )"
)
_BOX = rf"(?=mailb|inbo|acco|reci|user|addr|alia|pers|cust|subs|empl|owne|rcpt|grou|list)(?:{_NOT_OURS}|(?<=your )(?=recipient|addressee))(?:mailbox(?:es)?|inbox|accounts?|recipients?|users?|addressees?|addresses|address(?! book)|alias|person|customer|subscriber|employee|owner|rcpt|group|list)"
# … and one person or mailbox alone: what many recipients do not want is a reputation
_ONE = _BOX.replace("accounts?|recipients?|users?|addressees?|addresses|", "account|recipient|user|addressee|")
# … who may decide whom to take mail from: not the system or the organisation behind it
_WHO = (
    rf"(?<! to )(?<! to the )(?<! to this )(?<! for this ){_ONE}(?: (?!servers?|systems?|domains?|hosts?|network|organi[sz]ation|company|firm"
    r"|school|university|hospital|employer|institution|provider|admin\w*|mta|gateway|isp|policy|filter|you|your|has|have|had|only)\w+){0,2}?"
)
_BOX_STEMS = "mail|inbo|acco|reci|user|addr|alia|pers|cust|subs|empl|owne|rcpt|grou|list"
_SYSTEM = (
    r"(?=serv|syst|mail|mess|stor|data|dire|disk|spoo|part|back|clus|node|gate|agen|daem|filt|scan|mach)(?<!your )(?<!sending )(?<!sender )(?<!senders )(?<!client )(?<!connecting )(?<!originating )(?<!source )(?<!by )(?<!by our )(?<!by the )"
    r"(?:servers?|systems?|(?:mail ?|message )?store|database|directory|disks?|spool|partition|backend|cluster|node|gateway|agent|daemon|filter|scanner|mailer|machine)(?: services?)?"
)
_SYSTEM_STEMS = "serv|syst|stor|mail|data|dire|disk|spoo|part|back|clus|node|gate|agen|daem|filt|scan|mach"
_LETTER = r"(?:(?:e ?)?mail(?! (?:account|address|user|box|server|system|store|domain))|message(?! store)|letter|it)"
# Words that may stand between a subject and its predicate and change nothing of what is said
_ARE = r"(?: (?:is|are|was|were|has|have|had|been|being|be|gets?|got|currently|presently|already|now|all|simply|also|just|itself|here|apparently|permanently|temporarily|unfortunately)){0,5}"
_MAILS = r"(?:any |all |such |more |new |e )*(?:mails?|messages?|emails?|posts?|letters?|submissions)"

STRONG: tuple[Family, ...] = (
    Family(
        "destination_host",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 3463 X.1.2: the host of the recipient's address",
        (
            (
                "host|system+dest|targ",
                (
                    r"(?:destination|target) (?:host|system) (?:name )?(?:cannot|could not|couldnt|can not) be (?:identified|found|located|resolved)\b",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "part_too_long",
        Reason.ADDRESS_MALFORMED,
        "RFC 5321 §4.5.3.1: the lengths of the parts of an address",
        (
            (
                "long|longer+loca|reci|addr",
                (r"(?:local part|recipient address|rcpt address) (?:\w+ ){0,4}?(?:too long|longer than)\b",),
            ),
        ),
    ),
    Family(
        "address_lacks",
        Reason.ADDRESS_MALFORMED,
        "RFC 5321 §4.1.2: a part that an address needs",
        (
            (
                "rfc|conform|compliant|formed+reci|rcpt|addr",
                (
                    r"(?:recipient|rcpt) address (?:is )?not (?:\w+ ){0,2}?(?:rfc ?\d*|conform\w*|compliant|(?:well )?formed)\b",
                ),
            ),
            (
                "lacks|lacking|missing|without+at|sign|doma|loca",
                (
                    r"(?:recipient|rcpt|destination) (?:address )?(?:lacks|is lacking|is missing|without) (?:an? |the |its )?(?:at|at sign|sign|domain|domain part|local part)\b",
                ),
            ),
        ),
    ),
    Family(
        "domain_gone",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 3463 X.1.2: a domain that DNS no longer knows",
        (
            (
                "domain+vani|gone|disa|lapsed|miss",
                (
                    r"(?<!your )(?<!sender )(?<!senders )(?<!sending )(?<!from )domain (?:name )?(?:\w+ )?(?:has |have |is |was )?(?:vanished|gone|disappeared|missing|lapsed) (?:from|in)(?: the)? (?:dns|registry|internet)\b",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "recipients_domain",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 3463 X.1.2, X.1.10: a domain that the text itself calls the recipient's",
        (
            (
                "domain+reci|dest|addr|targ",
                (
                    r"(?:recipients?|destination|addressees?|target) (?:e ?mail )?domain (?:name )?(?:(?:is|was|has|have|does|do|could|can) )?(?:been )?(?:unknown|invalid|not found|not be found|cannot be found|not exist|never (?:been )?registered|not registered|no (?:mx|mail)|lapsed|expired|not valid|not resolve|cannot be resolved|not be resolved)\b",
                    r"(?:no such|unknown|nonexistent|invalid) (?:recipient|destination|target) domain\b",
                    r"no (?:mail ?servers?|mail hosts?|mx|exchangers?) (?:behind|for|at|under|in) (?:\w+ )?(?:recipients?|destination|target) domain\b",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "refuses_us",
        Reason.RECIPIENT_REFUSED,
        "RFC 3463 X.7.1: the recipient, a person or a group, takes mail from certain senders only, and not from us",
        (
            (
                f"bloc|blac|bann|bans|mute|refu|decl|reje|igno|deny|deni+{_BOX_STEMS}",
                (
                    rf"{_WHO} (?:has |have |had )(?:\w+ )?(?:blocked|blacklisted|banned|muted|refused|rejected|declined) (?:you\b|(?:your|this|the) (?:mails?|messages?|emails?|address|sender|domain)\b|{_MAILS} from (?:you|your|this|the)\b)",
                    rf"{_WHO} (?:blocked|refused|declined) (?:you\b(?! (?:are|have))|your (?:mails?|messages?|emails?|address)\b(?! (?:is|was|has|were|have|cannot))|(?:the )?delivery\b(?! (?:not|to|status|report|failed|restrict|permission|denied|is|was)))",
                    rf"{_WHO} (?:blocks|refuses|rejects|declines|denies|ignores|bans) (?:{_MAILS} from (?:you|your|this|the|unknown)\b|you\b(?! (?:are|have|must|should|need|can|may|will|do))|(?:your|this|the|that|such|any|all) (?:mails?|messages?|emails?|address|sender)\b)",
                ),
            ),
            (
                "rule|filter|setting|preference|set+reci|user|addr|owne|cust",
                (
                    r"(?<!many )(?:recipients?|users?|addressees?|owners?|customers?) (?:\w+ )?(?:settings|preferences|rules|filters) (?:forbids?|prohibits?|refuses?|disallows?|blocks?|rejects?|denie[sd]|deny|excludes?)\b",
                    r"(?:rules?|filters?|settings?|preferences?) (?:\w+ ){0,2}?(?:recipient|user|addressee|owner|customer) (?:has |have )?(?:made|set|created|defined|configured|chose\w*)\b",
                    r"(?:recipient|user|addressee|owner|customer) (?:has |have )?set (?:the |their |his |her |this |up )?(?:\w+ )?to (?:refuse|reject|block|decline|ignore)\b",
                ),
            ),
            (
                f"from+only|no|{_BOX_STEMS}",
                (
                    rf"{_WHO} (?:\w+ )?only (?:accepts?|receives?|takes?|allows?|gets?|is accepting) {_MAILS} from\b",
                    rf"{_WHO} (?:accepts?|receives?|takes?|allows?|gets?|wants?|is accepting) (?:only|no) {_MAILS} from\b",
                    rf"{_WHO} (?:does not|doesnt|do not|dont|will not|wont) (?:accept|receive|take|allow) {_MAILS} from (?:strangers|people|persons|unknown|outside|external|anyone|anybody|others)\b",
                    rf"{_WHO} (?:accepts?|receives?|takes?|allows?|gets?|is accepting) {_MAILS} (?:only from\b|from (?:\w+ ){{1,4}}?only\b)",
                ),
            ),
            (
                f"opted|contacts|friends|senders+{_BOX_STEMS}",
                (
                    rf"{_WHO} (?:has |have )?opted out of (?:\w+ )?(?:your|you|this|these)\b",
                    r"(?:you are|youre|your address is|sender is) (?:not|none) (?:among|in|of|one of) (?:the )?(?:contacts?|friends|known senders) of (?:the |this )?(?:recipient|user|owner|customer|addressee)\b",
                ),
            ),
            (
                f"want|wish|like|care+{_BOX_STEMS}",
                (
                    rf"{_WHO} (?:does not|doesnt|do not|dont|did not|didnt|no longer|not) (?:wants?|wish|wishes|like|likes|care) (?:to )?(?:\w+ ){{0,3}}?(?:you\b|your\b|this sender\b)",
                ),
            ),
            (
                f"permission|permissions|right|rights|allowed|permitted|authorized|authorised+{_BOX_STEMS}|dist",
                (
                    r"you (?:lack|have no|do not have|dont have|need|are not|arent) (?:the |any |sufficient |currently )*(?:permissions?|rights?|allowed|permitted|authori[sz]ed) to (?:write|send|mail|post|e ?mail|contact|deliver)\w* (?:(?:an? |any )?(?:e ?mails?|messages?|mail) )?to (?:this|that|the) (?:\w+ )?(?:recipient|user|mailbox|group|list|address|person|distribution)\b",
                ),
            ),
        ),
    ),
    Family(
        "sends_too_much",
        Reason.RATE_LIMITED,
        "RFC 3463 X.4.5: how much the sender may send in a time",
        (
            (
                "quota|allowance|limit+outb|outg|send",
                (
                    r"(?:outbound|outgoing|sending) (?:\w+ )?(?:quota|allowance|limit)\b",
                    r"(?:quota|allowance|limit) (?:of|for|on) (?:the |your )?(?:sending|sender)\b",
                ),
            ),
        ),
    ),
    Family(
        "our_own_mailbox",
        Reason.SENDER_BLOCKED,
        "RFC 3463 X.1.7, X.7.1: what is wrong with the sender's mailbox, or with whom it writes to",
        (
            (
                "quota|full|limit+your|send",
                (
                    r"(?:your|(?<! to the )(?<! to )(?<! for )senders?|sending) (?:e ?mail )?(?:mailbox|account|user|inbox|address) (?:\w+ ){0,3}?(?:quota|full|limit)\b(?! of)",
                ),
            ),
            (
                "unknown|invalid|nonexistent|bad|wrong+user|reci|mail|addr",
                (
                    r"(?:sent|sends?|sending|mails?|messages?|writes?) (?:\w+ ){0,4}?to (?:too many |many |several )?(?:unknown|invalid|nonexistent|bad|wrong) (?:users|recipients|mailboxes|addresses)\b",
                ),
            ),
        ),
    ),
    Family(
        "takes_nothing_as_it_is_full",
        Reason.MAILBOX_FULL,
        "RFC 3463 X.2.2: a mailbox that takes nothing, and why",
        (
            (
                f"full|quota|space|room+{_BOX_STEMS}",
                (
                    rf"{_BOX} (?:\w+ ){{0,3}}?(?:no longer|not|cannot|cant|unable to|never) (?:receiv|accept|tak)\w* (?:\w+ ){{0,3}}?(?:(?:\. )?(?:because|as|since|it|elle|the|this|is|its|mailbox|inbox|of) )+(?:\w+ )?(?:full|quota|space|room)\b",
                ),
            ),
        ),
    ),
    Family(
        "receives_too_much",
        Reason.RATE_LIMITED,
        "RFC 3463 X.2.0 as Gmail 4.2.1 and Exchange 5.2.121 use it: how much mail the recipient gets in a time",
        (
            (
                f"receiving|received|receives|get|gets|got|getting+{_BOX_STEMS}",
                (
                    rf"{_BOX}{_ARE} (?:receiv\w+|gets?|getting|got) (?:\w+ )?(?:too (?:much|many)|(?:mails?|messages?|emails?) (?:faster|too quickly|too fast|at a rate)|more (?:mails?|messages?|emails?)) (?:\w+ ){{0,6}}?(?:now|hour|hourly|minute|day|today|moment|time|allow\w*|quickly|permit\w*)\b",
                ),
            ),
            (
                f"hourly|daily|incoming|inbound|receiving|rate+{_BOX_STEMS}",
                (
                    rf"{_BOX}{_ARE} (?:over|above|beyond|exceed\w*|reached|at|hit) (?:its |the |their |his |her |allowed |maximum )*(?:hourly|daily|incoming|inbound|receiving|rate)\b",
                ),
            ),
        ),
        temporary_as=Reason.RATE_LIMITED,
    ),
    Family(
        "system_full_or_down",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.3.X: the receiving system, its disks and its services",
        (
            (
                "loop|loops+dete|foun",
                (r"(?:mail|message|routing|forwarding) loops? (?:was |is |has been )?(?:detected|found)\b",),
            ),
            (
                f"full|fill|out|low|short|quot+{_SYSTEM_STEMS}",
                (
                    rf"{_SYSTEM}{_ARE} (?:full(?! (?:access|of (?:spam|viruses)))|filled up|(?:run |ran |running )?(?:out of|low on|short of) (?:\w+ )?(?:space|room|memory|storage|resources))\b",
                    r"quota (?:\w+ ){0,3}?(?:server|system|mail) (?:spool|disks?|partition)\b",
                ),
            ),
            (
                f"down|cras|over|offl|unre|unav|busy|main|unde|fail|erro|resp|reac|avai|work|runn+{_SYSTEM_STEMS}|chec",
                (
                    rf"(?:spam|virus|content|policy|anti ?spam|anti ?virus|directory|backend|lookup|message) (?:filter|scanner|checker|server|service|store|database|system){_ARE} (?:down|crash\w+|overload\w*|offline|unreachable|unavailable|not (?:available|reachable|responding|running|working)|busy|under\w* maintenance|fail\w*|(?:an? )?(?:\w+ )?error|not respond|could not be reached|cannot be reached|does not respond|doesnt respond)\b",
                ),
            ),
        ),
    ),
    Family(
        "not_for_your_domain",
        Reason.SENDER_AUTHENTICATION,
        "RFC 7208: a host that the sender's domain does not name as one of its own",
        (
            (
                "authorized|authorised|allowed|permitted|may|entitled|designated|approved+send|for|beha",
                (
                    r"(?:not|never|isnt|arent) (?:\w+ly )?(?:authori[sz]ed|entitled|designated) to (?:send|deliver|relay|submit) (?:any )?(?:mails? |messages? |emails? )?for (?:the |this |that |your |sender |from |senders )*domain\b",
                    r"(?:not|never|isnt|arent) (?:\w+ly )?(?:authori[sz]ed|allowed|permitted|entitled|designated|approved) to (?:send|deliver|relay|submit) (?:any )?(?:mails? |messages? |emails? )?on behalf of\b",
                    r"(?:host|server|ip|address|client|you) may not (?:send|deliver|submit) (?:mails? |messages? |emails? )?on behalf of\b",
                ),
            ),
        ),
    ),
    Family(
        "too_many_bytes",
        Reason.MESSAGE_TOO_LARGE,
        "RFC 3463 X.3.4: a size in bytes",
        (("bytes|megabytes|kilobytes+many", (r"too many (?:mega|kilo)?bytes\b",)),),
    ),
    Family(
        "message_exceeds",
        Reason.MESSAGE_TOO_LARGE,
        "RFC 3463 X.3.4: the size of the message, and not of a mailbox",
        (
            (
                "large|larger|big|bigger|size|length|heavy+mess|mail|emai|lett|e|it",
                (
                    rf"{_LETTER}{_ARE} (?:too (?:large|big|heavy)|(?:larger|bigger) than(?! (?:the )?(?:\w+ ){{0,2}}?(?:space|room|quota)|[^.]{{0,80}} (?:mailbox|inbox|quota)\b)|exceed\w* (?:the |our |your |its )?(?:\w+ )?(?:size|length))\b",
                ),
            ),
        ),
    ),
    Family(
        "not_who_it_says",
        Reason.SENDER_AUTHENTICATION,
        "RFC 7208, RFC 7489, RFC 3207: a sender that cannot prove who it is, or a session that is not protected",
        (
            ("impersonation", (r"impersonation\b",)),
            ("unsigned+mail|mess|emai", (r"unsigned (?:mails?|messages?|emails?)\b",)),
            ("sender+mism", (r"sender id (?:\w+ )?mismatch\b",)),
            ("sender+poli", (r"sender policy (?:of|for|record|framework|check)\b",)),
            (
                "secure|encrypted|protected+need|requ|must|only|want|insi|expe",
                (
                    r"(?:secure|encrypted|protected) (?:channel|connection|session|transport|link) (?:is |are )?(?:needed|required|expected|only|must)\b",
                    r"(?:needs?|requires?|must|only|wants?|insists? on|expects?) (?:an? |the )?(?:secure|encrypted|protected) (?:channel|connection|session|transport|link)\b",
                ),
            ),
        ),
    ),
    Family(
        "kept_too_long",
        Reason.TIMED_OUT,
        "RFC 3463 X.4.7: a message that its queue kept trying, and for how long",
        (
            (
                "minutes|hours|days|weeks|day|week+mess|mail|emai|lett|e|it",
                (
                    rf"{_LETTER} (?:could |can |was |has )?not (?:be |been )?(?:\w+ ){{1,3}}?(?:in|for|within|after) (?:the last |more than |over )?\w+ (?:minutes|hours|days?|weeks?)\b",
                ),
            ),
            (
                "retried|tried|trying|tries+minutes|hours|days|weeks|day|week|times",
                (
                    r"(?:re)?(?:tried|trying|tries) (?:\w+ ){0,4}?(?:for|over) (?:\w+ ){0,2}?(?:minutes|hours|days?|weeks?)\b",
                    rf"{_LETTER}{_ARE} (?:re)?tried \w+ times\b",
                ),
            ),
            (
                "time|period|window|attempts|attempt|expired+deli|retr|queue|mess|mail|emai|lett|hand|send|sent|sending|e|it",
                (
                    rf"{_LETTER} (?:could |can |was |has |been )*not (?:be |been )?(?:delivered|handed over|sent on) (?:in|on) time\b",
                    r"(?:retry|delivery|queue) (?:period|window|time)(?: has| have| is| was)? (?:run out|ran out|ended|elapsed|over|up)\b",
                    r"(?:too many|after \w+) (?:\w+ )?attempts? (?:to|at) (?:hand|deliver|send)\w*\b",
                    rf"{_LETTER}{_ARE} expired\b",
                ),
            ),
        ),
    ),
)

PLAIN: tuple[Family, ...] = (
    Family(
        "system_failed",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.3.X: the receiving system itself failed",
        (
            (
                f"cras|broke|fail|down|unav|avai|hand|proc|offl|out+{_SYSTEM_STEMS}",
                (
                    rf"{_SYSTEM}{_ARE} (?:crashed|broken|offline|unavailable|down|not available|out of (?:order|service)|failed(?=$| \.)|(?:cannot|could not|couldnt|unable to) (?:handle|process))\b",
                ),
            ),
        ),
    ),
    Family(
        "send_less",
        Reason.RATE_LIMITED,
        "RFC 3463 X.4.5, X.5.3: the advice to send less",
        (
            (
                "less|fewer|slow|slower|slowly|reduce",
                (
                    r"send (?:less|fewer) (?:mails?|messages?|emails?|recipients)\b",
                    r"(?:please |must |should )(?:slow down|send (?:more )?slow(?:er|ly)|reduce (?:your |the )?(?:\w+ )?(?:rate|speed|volume|number))\b",
                ),
            ),
        ),
    ),
    Family(
        "too_many_at_once",
        Reason.RATE_LIMITED,
        "RFC 5321 §4.5.3.1, RFC 3463 X.5.3, RFC 6647: shares of connections, messages and recipients, and greylisting",
        (
            (
                "allotment|allowance|share|quota+conn|sess|reci|mess|mails|emai",
                (
                    r"(?:over|above|beyond|used up|exceed\w*|exhausted) (?:\w+ ){0,2}?(?:allotment|allowance|share|quota) (?:of|for|on) (?:\w+ ){0,2}?(?:connections|sessions|recipients|messages|mails|emails)\b",
                ),
            ),
            ("more+reci", (r"no more recipients\b",)),
            (
                "limited|restricted+reci|conn|mess|mail|sess",
                (r"(?:recipients|connections|messages|mails|sessions) (?:\w+ )?(?:limited|restricted) to \w+\b",),
            ),
            (
                "minute|hour|second|day+conn|mess|mails|requ",
                (
                    r"\d+ (?:connections|messages|mails|requests) (?:in|per|within) (?:an? |one )?(?:minute|hour|second|day)\b",
                ),
            ),
            ("triplet", (r"(?:unknown|new|first) triplet\b",)),
        ),
    ),
    Family(
        "send_smaller",
        Reason.MESSAGE_TOO_LARGE,
        "RFC 3463 X.3.4: the advice to send a smaller message",
        (
            (
                "reduce|reduced|smaller|split",
                (
                    r"reduced? (?:the |your )?(?:size|attachments?|message size)\b",
                    r"send (?:an? )?smaller (?:mails?|messages?|emails?|files?|attachments?)\b",
                    r"split (?:up )?(?:the |your )?(?:attachments?|message|mail|file)\b",
                ),
            ),
        ),
    ),
    Family(
        "system_out",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.3.X, X.4.X: words by which a system says what is wrong with it",
        (
            (
                "outage|only|load|hung|unreachable|request|transaction|command",
                (
                    rf"(?:{_SYSTEM}|ldap|network) (?:\w+ )?outage\b",
                    rf"{_SYSTEM}{_ARE} read ?only\b",
                    r"(?:under|very|too) (?:heavy|high) (?:\w+ )?load\b",
                    r"(?:server|host|peer|remote) (?:\w+ )?hung up\b",
                    r"(?:server|host|destination|peer) (?:was|is|are|were) (?:currently )?unreachable\b",
                    r"(?:cannot|can not|could not|couldnt|unable to) (?:handle|process|serve|fulfil|complete|honou?r) (?:your |this |the )?(?:request|transaction|command)\b",
                ),
            ),
        ),
    ),
    Family(
        "attachment_refused",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.6.1, X.7.1: kinds of files that a receiver takes from nobody",
        (
            (
                "attachment|attachments+refu|reje|bloc|bann|forb|proh|stri|disa|not",
                (
                    r"attachments? (?:\w+ ){0,4}?(?:refused|rejected|blocked|banned|forbidden|prohibited|stripped|disallowed|not (?:allowed|accepted|permitted))\b",
                ),
            ),
            (
                "executable|executables|archive|archives|zip|macro|script|scripts|exe|encrypted|compressed|protected+file|atta|docu|arch|zip|zips",
                (
                    r"(?:encrypted|protected) (?:archives?|zips?|files?|attachments?)\b",
                    r"(?:executables?|archives?|zip|macro(?: enabled)?|script|exe|encrypted|compressed|password protected) (?:files?|attachments?|documents?) (?:\w+ ){0,2}?(?:not|never|forbidden|blocked|prohibited|banned|rejected)\b",
                ),
            ),
        ),
    ),
    Family(
        "no_room_other_languages",
        Reason.MAILBOX_FULL,
        "RFC 3463 X.2.2 in Russian: no room is left",
        (
            (
                "места|место+нет|недо|хват",
                (
                    r"(?:нет|недостаточно|не хватает) (?:\w+ ){0,2}?мест\w\b",
                    r"мест\w (?:\w+ ){0,2}?(?:нет|недостаточно|не хватает)\b",
                ),
            ),
        ),
    ),
    Family(
        "attachment_other_languages",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.6.1, X.7.1 in other languages: an attachment that is not taken",
        (
            (
                "anhang|anhange|jointe|jointes|adjunto|adjuntos|anexo|anexos|allegato|allegati|bijlage|zalacznik|вложение",
                (
                    r"(?:anhange?|pieces? jointes?|adjuntos?|anexos?|allegat[oi]|bijlage|zalacznik\w*|вложени\w) (?:\w+ ){0,3}?(?:verboten|unzulassig|nicht|interdite?s?|refusee?s?|prohibid[ao]s?|proibid[ao]s?|bloquead[ao]s?|vietat[oi]|bloccat[oi]|geweigerd|verboden|niet|zabronion\w+|запрещен\w*|nao|no|non)\b",
                ),
            ),
        ),
    ),
    Family(
        "forwards_nothing",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.7.1: relaying, by another name",
        (
            (
                "forward|relay+not|neve|wont|dont|does",
                (
                    r"(?:not|never|wont|dont|doesnt) (?:forward|relay) (?:any )?(?:mails?|messages?|emails?)(?: for (?:other|third|foreign|outside|external|anyone|strangers)|(?=$| \.))",
                ),
            ),
        ),
    ),
    Family(
        "hop_count",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.4.6, RFC 5321 §6.3: a message that went round",
        (
            (
                "many+hop|hops|host|hosts|serv|rela|mach|gate",
                (
                    r"(?:passed|travel\w+|gone|went|been|relayed) (?:\w+ ){0,2}?(?:through|via|over|across|by|to) too many (?:\w+ )?(?:servers?|hosts?|relays?|machines?|gateways?|hops?)\b",
                ),
            ),
        ),
    ),
    Family(
        "box_full",
        Reason.MAILBOX_FULL,
        "RFC 3463 X.2.2: a mailbox or its owner, and room that has been used up",
        (
            (
                "hold|stor|take|fit|keep|acce|rece+more|furt|addi|anot",
                (
                    rf"{_BOX}(?: \w+)? (?:cannot|can not|cant|could not|couldnt|is unable to|is not able to) (?:hold|store|take|fit|keep|accept|receive) (?:any |this )?(?:more|further|additional|another)\b(?! \w+ (?:from|today|this))",
                ),
            ),
            (
                f"used+all|up|{_BOX_STEMS}",
                (
                    rf"{_BOX} (?:has |have |had )(?:already )?used (?:up )?(?:all|its|his|her|their|the) (?:of )?(?:\w+ ){{0,3}}?(?:storage|space|room|quota|allowance|capacity|allotment)\b",
                    rf"(?:storage|space|room|quota|allowance|capacity|allotment) (?:of|for) (?:\w+ ){{0,2}}?{_BOX}{_ARE} used (?:up)?\b",
                ),
            ),
            (
                f"capacity|percent|filled|full+{_BOX_STEMS}",
                (
                    rf"{_BOX}{_ARE} (?:at|reached|over|above|hit) (?:\w+ ){{0,4}}?capacity\b",
                    rf"{_BOX}(?: \w+)?{_ARE} filled(?: up)?\b",
                    rf"{_BOX}(?: \w+)?{_ARE} \d+ percent(?: full)?\b",
                ),
            ),
            (
                f"quota+allow|perm|hold|suff|{_BOX_STEMS}",
                (rf"{_BOX} quota (?:does not|doesnt|would not|wont|will not) (?:allow|permit|hold|suffice)\b",),
            ),
            (
                "allowance|allotment|allocation|size|limit|quota+over|abov|beyo|exce|past",
                (
                    rf"{_BOX}(?: \w+)?{_ARE} (?:over|above|beyond|past|exceed\w*) (?:its |the |their |his |her |own |allowed |allotted |permitted )*(?:size |storage |disk |mailbox |space |mail )*(?:allowance|allotment|allocation|size|limit|quota)\b(?! (?:of|on|for) (?:\w+ )?(?:mails|messages|emails|incoming))",
                ),
            ),
        ),
    ),
    Family(
        "box_to_be_emptied",
        Reason.MAILBOX_FULL,
        "RFC 3463 X.2.2: what the owner of a full mailbox has to do first",
        (
            (
                f"dele|empt|free|clea|make|remo+{_BOX_STEMS}",
                (
                    rf"{_BOX} (?:must|has to|have to|needs? to|should|to) (?:first )?(?:delete|empty|clean|clear|free|make|remove) (?:up |out )?(?:\w+ ){{0,3}}?(?:mails?|messages?|emails?|mailbox|inbox|space|room|storage|account)\b",
                ),
            ),
        ),
    ),
    Family(
        "box_closed",
        Reason.MAILBOX_DISABLED,
        "RFC 3463 X.2.1: a mailbox that has ended",
        (
            (
                f"shut|switched|turned|deactivated|taken+{_BOX_STEMS}",
                (
                    rf"{_BOX}(?: \w+)?{_ARE} (?:shut ?down|shut|switched off|turned off|taken (?:down|offline|out of service)|deactivated)\b",
                ),
            ),
            (
                f"use|used|serv|more|operation|active|open+{_BOX_STEMS}",
                (
                    rf"{_BOX}(?: \w+)? (?:is not|isnt|are not|arent|is no longer|no longer) (?:being )?(?:in use|used|in service|in operation|active|open)\b",
                    rf"{_BOX}(?: \w+)? (?:does not|doesnt|cannot|can not|cant) (?:be used|receive mail|get mail) any ?more\b",
                ),
            ),
            (
                f"clos|susp|disa|shut|remo|canc|deac|term|dele|bloc|lock|stop|ended|off+{_BOX_STEMS}",
                (
                    rf"we (?:have |had )?(?:closed|suspended|disabled|shut(?: down)?|removed|cancell?ed|deactivated|terminated|deleted|blocked|locked) (?:this|that|the) (?:\w+ )?{_BOX}",
                    rf"{_BOX} (?:e ?mail |mail |mailbox )?(?:service|access|subscription|account){_ARE} (?:closed|suspended|disabled|stopped|cancell?ed|terminated|blocked|ended|switched off|turned off)\b",
                ),
            ),
            (
                f"serve|host|handle|run|operate|offer|provide|given|abandoned|former|previous|past|ex|ceased|use|service|gone+{_BOX_STEMS}",
                (
                    rf"(?:we )?no longer (?:serve|host|handle|run|operate|offer|provide)s? (?:this|that|the|any|mail for this) (?:\w+ )?{_BOX}",
                    rf"{_BOX}{_ARE} (?:given up|abandoned)\b",
                    rf"{_BOX} (?:belongs|belonged) to (?:an? |the )?(?:former|previous|ex|past)\b",
                    rf"{_BOX}{_ARE} (?:ceased to exist|out of (?:use|service)|gone)\b",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "box_unknown",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 3463 X.1.1: a mailbox that is not there",
        (
            (
                f"our|ours|host|exis|miss|abse+{_BOX_STEMS}",
                (
                    rf"{_BOX}(?: \w+)? (?:is not|isnt|was not|wasnt|are not|arent|was never|is none) (?:one )?of (?:ours|our)\b",
                    rf"{_BOX}(?: \w+)?{_ARE} not hosted\b",
                    rf"{_BOX}(?: \w+)? (?:has |have )?never existed\b",
                    rf"{_BOX}(?: \w+)?{_ARE} (?:missing|absent) (?:from|in|on)\b",
                ),
            ),
            (
                f"iden|reco|loca|matc|find|look|foun+{_BOX_STEMS}",
                (
                    rf"(?:could not|couldnt|cannot|can not|cant|unable to|failed to|did not|not able to) (?:identify|recogni[sz]e|locate|match|find|look up) (?:the |this |that |such |any |an? )*(?:local |intended |specified |destination )*{_BOX}\b(?! (?:\w+ )?(?:database|directory|server|store|table|map|record))",
                    rf"found no (?:\w+ )?{_BOX}\b",
                ),
            ),
            (
                f"no+{_BOX_STEMS}",
                (
                    rf"no (?:such |valid |local |known )*{_BOX} (?:called|named|by|with|matching|matches|known as|is known|here|at (?:this|that)|registered|exists?|found|for)\b(?! (?:spam|security|policy|the moment))",
                    rf"(?:there is|we have|we know of|we host|we found|we find|i have|i know of) no (?:such )?{_BOX}\b(?! (?:space|quota|storage|room|of this size))",
                ),
            ),
            (
                "know|knows|ours|exists|exist|known+chec|veri|conf",
                (
                    r"(?:check|verify|confirm) (?:the |this |that )?(?:\w+ )?address (?:\w+ ){0,3}?(?:not|no) (?:\w+ ){0,2}?(?:we know|known|exists?|ours)\b",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
)
