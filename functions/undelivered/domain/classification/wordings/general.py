# ruff: noqa: E501 - each wording stays whole on its line
"""Connections that fail, and refusals that give no closer reason."""

from undelivered.domain.classification.family import BOX, Family
from undelivered.domain.taxonomy import Reason

WORDINGS: tuple[Family, ...] = (
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
        "connection_refused",
        Reason.SERVER_UNAVAILABLE,
        "RFC 5321 §3.1: a server that replies with this refuses the client; without a reply the host cannot be reached",
        (
            (
                "connection|connections+refu|reje|deni",
                (r"^connections? (?:is |was |has been )?(?:refused|rejected|denied)\b",),
            ),
        ),
        reply_as=Reason.SENDER_BLOCKED,
    ),
    Family(
        "connection",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.4.X; Postfix, Exim, Sendmail, qmail connection errors, errno texts",
        (
            (
                "response|banner|greeting|hosts",
                (
                    r"no (?:(?:valid|smtp|reachable|usable|helo|ehlo|mail|from|rcpt|to|data|body|rset) ){0,3}?(?:response|banner|greeting|hosts)(?=$| \.| from| to| unable)",
                ),
            ),
            (
                "connection|connect|connections|connecting|connected|send|sending|socket|route|network|host|unreachable|dropped|reset|port|conversation|session|open|establish|reach|contact|down|problem|failure|error|pipe|closed|terminated",
                (
                    r"connection (?:\w+ ){0,4}?(?:refused|reset|closed|dropped|failed|lost|error|aborted|broken|interrupted|was|died|terminated|failure|could not)",
                    r"(?:could not|couldnt|cannot|cant|can not|unable to|failed to|wasnt able to|not able to|was unable to|failure|not) (?:be )?(?:connect\w*|establish\w*|open|reach\w*|contact\w*)",
                    r"lost connection",
                    r"send(?:ing)? (?:the )?(?:data|body|rcpt to|mail from|helo ehlo|rset|starttls) (?:command )?failed",
                    r"(?:no|without) route to (?:host|domain|destination)",
                    r"(?:network|host|destination|server) (?:is )?(?:unreachable|not reachable|down|is down)",
                    r"(?:network|communication|socket|transport|transmission|protocol|i o|io) (?:\w+ )?(?:error|failure|problem)",
                    r"(?:bad|broken|poor) (?:connection|pipe)",
                    r"no route to host",
                    r"not accepting (?:any |new |more )?connections",
                    r"(?:host|server|system) (?:refuses|rejects|drops) (?:all )?connections\b",
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
        "refused_by_policy",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.7.1 with a text without a reason: delivery is not authorised, the server is not down",
        (
            ("service+unav", (r"^service (?:is |currently )?unavailable\b",)),
            (
                "deliver|delivery",
                (
                    r"^(?:unable|not able|failed) to deliver\b(?! (?:\w+ ){0,3}?(?:within|for|in|after) \w+ (?:minutes|hours|days))",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
        policy_as=Reason.SENDER_BLOCKED,
    ),
    Family(
        "system",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.3.X, RFC 5321 421/451; Sendmail, Postfix, Exim, procmail, Exchange: local errors of the receiver",
        (
            (
                "delivery|deliver+temp|curr",
                (
                    r"(?:delivery|deliver\w*) (?:\w+ ){0,2}?(?:temporarily|currently) (?:impossible|not possible|failed|suspended|stopped)",
                ),
            ),
            (
                "local|transport|data|pipe|localdelivery+deli|erro|loca|retu|to",
                (
                    r"local ?delivery (?:\w+ )?(?:failed|failure|error|deferred|transport|returned)",
                    r"transport (?:\w+ )?returned",
                    r"data format error",
                    r"pipe to\b",
                ),
            ),
            (
                "delivered+this|mome|now|time",
                (
                    r"(?:cannot|can not|could not|couldnt) be delivered (?:at (?:this|the) (?:time|moment)|(?:right )?now)\b",
                ),
            ),
            (
                "session|connection|transaction+kill|abor|term|inte",
                (
                    r"(?:session|connection|transaction) (?:\w+ ){0,2}?(?:killed|aborted|terminated|interrupted)(?=$| \.)",
                ),
            ),
            (
                "office|shop|server|system+clos",
                (r"(?:office|shop|server|system) (?:is )?closed (?:for|during|until|over|on|today)\b",),
            ),
            (
                "many+resu|matc|mapp|open|file|proc|desc|leve|alia|quer|look|loop|redi|forw|dele|retu",
                (
                    r"(?:too|to) many (?:open |search |directory |child |nested )?(?:results?|match(?:es)?|mappings?|files?|process(?:es)?|descriptors?|levels|alias(?:es)?|queries|lookups|loops|redirect\w*|forward\w*)\b(?! (?:attached|in (?:the|your) (?:message|mail|archive)))",
                ),
            ),
            (
                "protocol|network|response|stream|undefined",
                (
                    r"other or undefined (?:protocol|mail system|network)",
                    r"bad (?:server )?response",
                    r"end of socket stream",
                    r"not accepting network messages",
                ),
            ),
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
                "intern|interne|interner|interno|wewnetrzny|внутренняя|内部+fehl|erre|erro|fout|blad|ошиб|内部",
                (
                    r"intern\w* (?:fehler|fout|erreur)\b|(?:erreur|errore?|erro) intern[eoa]\b|wewnetrzny blad|внутренняя ошибка",
                    r"内部(?:错误|エラー|錯誤)",
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
                "accepting+mess|mail|emai",
                (
                    r"(?:server|system|service|host|esmtp|smtp|site) (?:is |are )?not (?:currently )?accepting (?:any |new )?(?:mails?|messages?|emails?)(?=$| \.| at| now| right)",
                ),
            ),
            (
                "database|directory|backend|ldap+our",
                (
                    r"our (?:\w+ )?(?:database|directory|backend|ldap) (?:\w+ ){0,2}?(?:returned|reported|failed|gave|sent|contains)\b",
                ),
            ),
            (
                "nameserver|name+repl|resp|answ|quer",
                (
                    r"(?:unexpected|malformed|bad|invalid|bogus|garbled|no) (?:\w+ ){0,2}?name ?servers? (?:reply|response|answer)",
                ),
            ),
            (
                "aborted|abort+fail|erro|prob",
                (
                    r"aborted (?:due to|because of|by|after) (?:an? )?(?:temporary|internal|unexpected|system)? ?(?:failure|error|problem)",
                ),
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
                    r"(?<! and )try again",  # "check the address and try again" is advice
                    r"wait (?:\w+ ){0,4}?and try again",
                ),
            ),
            (
                "memory|resource",
                (
                    r"(?:out of|insufficient|not enough|shortage of) (?:\w+ )?(?:memory|resources?)\b",
                    r"(?:memory|resources?) (?:is |are |was |were )?(?:shortage|exceeded|exhausted)\b",
                ),
            ),
            ("aborted|processing", (r"(?:requested )?action aborted", r"in processing")),
            (
                "transaction|delivery|delivered+fail|not|coul|cann",
                (
                    r"transaction failed(?=$| \.)",
                    r"^(?:mail |message )?delivery (?:has |was )?failed(?=$| \.$)",
                    r"^(?:your |the |this )?(?:message|mail|email) (?:could not|couldnt|cannot|can not) be delivered(?=$| \.$)",
                ),
            ),
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
                "message+refu|reje|not|filt|bloc|disc|bann",
                (
                    r"message (?:\w+ ){0,2}?(?:refused|rejected|not allowed|filtered|blocked|discarded|not accepted|banned)\b",
                ),
            ),
            (
                "mail|email+filt|bloc|auto",
                (
                    r"(?:mail|email) (?:has been |was |is )?(?:filtered|blocked|automatically (?:rejected|refused|deleted|discarded))\b",
                ),
            ),
            ("message", (r"message content\b(?! (?:is )?(?:un|not )available)",)),
            (
                "accept+mess|mail|emai",
                (
                    r"(?:will not|wont|does not|doesnt|do not|dont|cannot) accept (?:delivery of )?(?:this|your|the|such) (?:message|mail|email)\b",
                ),
            ),
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
                    rf"{BOX} (?:\w+ ){{0,2}}?(?:cannot be|could not be|couldnt be|not be|not) verified",
                    r"recipient verif\w+ failed",
                ),
            ),
            (
                "rejected|refused|denied",
                (
                    r"recipients?(?: address(?:es)?)? (?:is |was |are |were |has been )?(?:rejected|refused)(?: [a-z]{1,8} ?\d{1,6})?(?=$| \.)",
                    r"(?:^|\. )address rejected(?=$| \.)",
                ),
            ),
            (
                "rejected|refused|declined|denied|barred|authorized|authorised|permitted|unauthorized|unauthorised+reci|user|mail|addr|rcpt",
                (
                    r"^(?:this |that |the )?(?:recipients?|rcpt|users?|mailbox|addressees?)(?: address(?:es)?)? (?:is |was |are |were |has been |have been )?(?:rejected|refused|declined)(?=$| \.)",
                    r"^(?:this |that |the )?(?:recipients?|rcpt|addressees?)(?: address(?:es)?)? (?:is |was |are |were |has been |have been )?(?:denied|barred|unauthori[sz]ed|not (?:authori[sz]ed|permitted))(?=$| \.)",
                ),
            ),
            (
                "blackholed|black|sinkholed|null|nullrouted+reci|user|mail|addr|rcpt|acco",
                (
                    r"(?:recipients?|rcpt|users?|mailbox|addressees?|account)(?: address(?:es)?)? (?:is |was |are |has been )?(?:black ?holed|sinkholed|null ?routed)\b",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
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
                    r"(?:user|recipient|account|mail user|address|addressee|alias|inbox) (?:(?!rejected|refused|backend|service|server|system|database|host)\w+ ){0,2}?(?:unavailable|not available)",
                    r"unavailable (?:mail )?(?:user|mail ?box|recipient)",
                ),
            ),
        ),
        temporary_as=Reason.SERVER_UNAVAILABLE,
        policy_as=Reason.SENDER_BLOCKED,
        message_as=Reason.CONTENT_REJECTED,  # the recipient was accepted before the message
    ),
    # Refusals with little said --------------------------------------------------------------------------------------
    Family(
        "policy",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.7.1; Gmail 'has a policy that prohibited', GMX 'reject due to policy reasons', Postfix policy servers",
        (
            (
                "policy|policies|richtlinie|politique|politica|polityka|политика|administrative|administratively|prohibited|prohibition|prohibits|rule|rules|restriction|restricted|restrictions|violation|violates|violated|compliance|regulations",
                (
                    r"polic(?:y|ies)",
                    r"richtlinien?\w*",
                    r"(?:politiques?|politicas?|polityk\w|политик\w{1,3})\b",
                    r"administrative\w* (?:\w+ )?(?:prohibit\w*|den\w+|reject\w*|reasons)",
                    r"prohibit\w*",
                    r"(?:by|due to|transport|mail ?flow|custom|local|server|site|recipient|reject|against|delivery) (?:\w+ ){0,3}?(?:rules?|restrict\w+)",
                    r"violat\w+",
                    r"restricted?",
                    r"restrictions?",
                ),
            ),
            (
                "authorized|authorised|permission|permissions|permit|permitted|unauthorized|allowed|authenticated|authentication|login|auth|authenticate",
                (
                    r"(?:not|isnt|arent|never|must be|only) (?:\w+ ){0,2}?(?:authori[sz]ed|permitted|allowed|authenticated)",
                    r"(?:no|not have|without|lacks?|insufficient|dont have|doesnt have|do not have) (?:\w+ ){0,2}?(?:permissions?|permit)\b",
                    r"unauthori[sz]ed",
                    r"(?:requires?|need|required|must) (?:\w+ ){0,2}?(?:authenticat\w+|login|auth)\b",
                    r"auth(?:entication)? (?:\w+ )?(?:required|needed|mandatory)",
                ),
            ),
        ),
        recipient_as=Reason.ADDRESS_NOT_FOUND,
    ),
    Family(
        "members_only",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.7.2, RFC 4954: a system that takes mail from those that it knows",
        (
            (
                "only",
                (
                    r"only (?:\w+ ){0,2}?(?:users|members|subscribers|customers|clients|senders|hosts|accounts) (?:may|can|are|could|have|is)\b",
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
                    r"^(?:refused|rejected|reject|denied)(?=$| \.$| (?:by|due|because|for|from|as|on|at|to|since|after)\b)",
                    r"(?:refused|rejected) by",
                ),
            ),
            (
                "rejete|refuse|abgelehnt|abgewiesen|rechazado|rejeitado|respinto|rifiutato|odrzucona|rechazo|geweigerd",
                (
                    r"(?:rejete|refuse|abgelehnt|abgewiesen|rechazad[ao]|rejeitad[ao]|respint[ao]|rifiutat[ao]|odrzucon[aey]|geweigerd)",
                ),
            ),
            ("拒绝|拒收|拒否|屏蔽|拒絕|차단|거부", (r"(?:拒绝|拒收|拒否|屏蔽|拒絕|차단|거부)",)),
        ),
        message_as=Reason.CONTENT_REJECTED,
        recipient_as=Reason.ADDRESS_NOT_FOUND,
    ),
    Family(
        "limit",
        Reason.RATE_LIMITED,
        "RFC 3463 X.4.5, X.5.3: a limit that is neither a mailbox's nor a message's",
        (
            (
                "limit|limits|threshold",
                (
                    r"(?:limit|limits|threshold) (?:\w+ ){0,3}?(?:exceeded|reached|hit)\b",
                    r"exceed\w* (?:\w+ ){0,4}?(?:limits?|threshold)\b",
                ),
            ),
            ("many|often", (r"too (?:many|often)\b",)),
        ),
    ),
    Family(
        "about_sender",
        Reason.SENDER_BLOCKED,
        "RFC 3463 X.1.7, X.1.8, X.7.1: whatever else is said of the sender, not of the recipient",
        (
            (
                "sender|senders|sending|connecting|originating|client+send|ip|host|serv|addr|mach|mta|from|doma|syst|mail",
                (
                    r"(?:connecting|originating|client) (?:host|server|ip|address|machine|mta)\b",
                    r"sending from\b",
                    r"(?<! to )(?<! to the )senders?\b(?! (?:should|please|must check))",
                    r"sending (?:domain|host|server|ip|system|mail ?server)\b",
                ),
            ),
            ("mailfrom", (r"mailfrom\b",)),
            (
                "your",
                (
                    r"your (?:\w+ ){0,2}?(?:ips?|domain|host|hostname|server|mx|dns|network|provider|isp|mta)\b",
                    r"your (?:e ?mail )?address is not\b",
                ),
            ),
        ),
    ),
)
