# ruff: noqa: E501 - each wording stays whole on its line
"""Full mailboxes, rates, relaying and sizes."""

from undelivered.domain.classification.family import BOX, Family
from undelivered.domain.taxonomy import Reason

# What a mailbox is called, as triggers
_BOX_STEMS = "mail|emai|inbo|acco|user|virt|reci|addr|alia|dest|dist|grou|subs|cust|pers|empl|loca|e"

WORDINGS: tuple[Family, ...] = (
    Family(
        "mailbox_at_limit",
        Reason.MAILBOX_FULL,
        "RFC 3463 X.2.2: a limit that is the mailbox's own, and not one on messages in a time",
        (
            (
                f"limit|limits+{_BOX_STEMS}",
                (
                    rf"(?<! of ){BOX} (?:\w+ )?(?:(?:has|have|is|are|was|already) ){{0,2}}(?:at|over|above|beyond|reached|hit|exceed(?:s|ed)?|exceeding) (?:(?:its|their|his|her|the|own|max|maximum|allowed|allocated|size|storage|space|mailbox|message|count|account) ){{0,4}}limits?(?=$| \.)",
                    rf"{BOX} (?:\w+ )?(?:size|storage|space|capacity) limits? (?:is |was |has been )?(?:exceeded|reached|hit)\b",
                ),
            ),
            (
                "allowed|permitted+coun",
                (r"exceed\w* (?:the )?(?:allowed|permitted) (?:message|mail) count\b(?! (?:per|in|within)\b)",),
            ),
            (
                f"many+{_BOX_STEMS}",
                (
                    rf"{BOX} (?:\w+ )?(?:has|have|contains?|holds?) (?:\w+ )?too many (?:mails?|messages?|emails?)\b(?! (?:from|per|in a|sent|today))",
                ),
            ),
        ),
    ),
    Family(
        "queue_quota",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.3.1: the mail system is full, not the mailbox; hosted gateways' quotas of an organisation's queue",
        (
            (
                "queue|queues",
                (
                    r"queues? (?:\w+ ){0,4}?(?:over ?quota|quota|full|exceeded)\b",
                    r"quota (?:\w+ ){0,4}?queues?\b",
                ),
            ),
            (
                "organization|organisation|organizations|organisations|tenant|company+quot",
                (
                    r"(?:organi[sz]ation|tenant|company)s? (?:(?!sending|outbound|relay)\w+ ){0,4}?quota (?:\w+ ){0,2}?(?:exceeded|reached|full)",
                    r"quota (?:of|for) (?:the |this |your )?(?:recipients? )?(?:organi[sz]ation|tenant|company)",
                ),
            ),
        ),
    ),
    Family(
        "full",
        Reason.MAILBOX_FULL,
        "Postfix virtual_mailbox_limit, Yandex 'Mailbox size limit exceeded', MailEnable, CommuniGate",
        (
            (
                "exceed",
                (r"exceed (?:\w+ ){0,3}?(?:mailbox|inbox) (?:size|quota|limit|storage)",),
            ),
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
                "many|much+wait|pend|unre|stor|in|has",
                (
                    r"(?:user|recipient|account|mailbox|inbox) (?:has |have )?(?:too|to) (?:many|much) (?:\w+ )?(?:messages?|mails?|emails?) (?:waiting|pending|unread|stored|in )",
                ),
            ),
            (
                "disk|storage|space|room+user|reci|acco|mail|owne|cust",
                (
                    r"(?:user|recipient|account|mailbox|owner|customer) (?:has |have |is )?(?:run |ran |running )?(?:out of|no|exhausted) (?:\w+ )?(?:disk|storage|space|room)\b",
                ),
            ),
            (
                "more|additional|further+mail|mess|emai",
                (
                    r"(?:receive|accept|accepting|receiving|take|store) (?:any )?(?:more|additional|further) (?:mails?|messages?|emails?)\b(?! (?:from|today|this|at|per|in))",
                ),
            ),
            (
                "larger|bigger+spac|room|quot",
                (r"(?:larger|bigger) than (?:the )?(?:\w+ ){0,2}?(?:space|room|quota)\b",),
            ),
            (
                "exceeded+quot|stor|spac",
                (
                    r"(?:user|account|recipient|mailbox|inbox) (?:has |have )?exceeded (?:\w+ ){0,4}?(?:quota|storage|space)\b",
                ),
            ),
            (
                "limit+mail|inbo",
                (r"(?:mailbox|inbox) (?:\w+ )?limit (?:is |was |has been )?(?:exceeded|reached)\b",),
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
                "limit|rate|threshold|ratio+user|reci|rcpt|addr",
                (
                    r"(?:unknown|invalid|bad|nonexistent) (?:users?|recipients?|rcpt|address(?:es)?) (?:limit|rate|threshold|ratio)\b",
                    r"(?:users?|recipients?) unknown (?:limit|rate|threshold|ratio)\b",
                ),
            ),
            (
                "more|often|frequently|limit|excessive|number|exceeded",
                (
                    r"(?:sent|send|sending) (?:\w+ )?more than \d+ (?:messages|mails|e ?mails|recipients)",
                    r"(?:sent|send|sending|connecting|connect) (?:mail |messages )?(?:too|to) (?:often|frequently)",
                    r"(?:hourly|daily|minute|transmission|connection|recipients?) limits? (?:\w+ ){0,4}?(?:exceeded|reached|over|hit)",
                    r"number of (?:messages|mails|e ?mails|recipients|connections|sessions) (?:\w+ ){0,3}?(?:exceeded|exceeds|reached|limited|too)",
                    r"connections? from (?:this|your|the) (?:\w+ )?(?:is |are )?limited",
                    r"excessive (?:number of )?(?:\w+ ){0,2}?(?:connections?|messages|mails?|recipients|unknowns?|volume|rate|traffic|errors|failures)\b",
                    r"exceeded (?:the )?(?:allowable|allowed|permitted|maximum) (?:\w+ )?(?:connection|session)",
                    r"exceeded (?:the |its |your )?max(?:imum)? (?:number of )?(?:defers|failures|e ?mails|messages|mails|recipients|connections)\b",
                ),
            ),
            (
                "only|most|maximum|up+reci|rcpt|mess|mail|emai|conn",
                (
                    r"(?:only|at most|maximum of|a maximum of|up to) \d+ (?:\w+ )?(?:recipients?|rcpts?|messages?|mails?|emails?|connections?)\b",
                ),
            ),
            (
                "first|untrusted|new+send|time|ip",
                (r"first time sender", r"(?:first|untrusted) (?:seen )?(?:sender|ip)\b"),
            ),
            (
                "recipient|recipients|rcpt|rcpts|user|users|address|addresses|account|accounts|mailboxes+many|exce|numb",
                (
                    r"too many (?:\w+ ){0,3}?(?:users|recipients|rcpts|addresses|accounts|mailboxes)\b",
                    r"(?:recipients?|rcpts?) (?:limit |count |number )?exceed\w*",
                    r"number of (?:\w+ )?(?:recipients|rcpts?|users|addresses)\b",
                ),
            ),
            (
                "bad|invalid|unknown|failed+reci|rcpt|user|addr",
                (
                    r"(?:bad|invalid|unknown|failed) (?:recipients?|rcpts?|users?|addresses) (?:\w+ ){0,2}?too (?:high|many)\b",
                ),
            ),
            (
                "number|total|count|amount+maxi|thre|limi|exce|reac|allo",
                (
                    r"(?:number|total|count|amount)s? of (?:the |your |\w+ )?(?:recipients?|rcpts?|connections?|messages|mails|sessions?|attempts|commands|transactions?) (?:\w+ ){0,6}?(?:maximum|threshold|limit|exceed\w*|reached|allowed)\b",
                ),
            ),
            (
                "reci|rcpt|connections|messages|mails|sessions+numb|coun",
                (
                    r"(?:out of|over|exceed\w*|above|beyond|max(?:imum)?) (?:\w+ ){0,2}?(?:recipients?|rcpts?|connections?|messages?|mails?|sessions?) (?:numbers?|count)\b",
                ),
            ),
            (
                "quota+mess|mail|emai|reci|conn",
                (r"quota of (?:\w+ )?(?:messages|mails|emails|recipients|connections)\b",),
            ),
            ("session|transfer|traffic+quot", (r"(?:session|transfer|traffic) (?:\w+ ){0,2}?quota\b",)),
            (
                "rate|cap|quota|limits",
                (
                    r"(?:message|mail|email|sending|connection|delivery|your) rate (?:\w+ ){0,2}?(?:high|fast|limit\w*|excessive|exceeded)",
                    r"(?:session|connection|message|recipient|hourly|daily) caps?\b",
                    r"quota for (?:today|the day|this (?:hour|day|session)) ",
                    r"(?:bulk|sender|sending) limits? ",
                ),
            ),
            (
                "max|maximum+mess|mail|reci|conn",
                (
                    r"max(?:imum)? (?:allowed |number of |allowed number of )*(?:messages|mails|recipients|connections) (?:\w+ ){0,4}?(?:from|per|exceeded|reached|allowed)",
                ),
            ),
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
                    r"(?:频率|连接数|并发|发信量|发信数量|邮件数量).{0,10}(?:超|限制|过大|过多|过高|过快|太快)",
                    r"短期内.{0,6}大量",
                    r"(?:送信数|同時接続|接続数|通数|送信).{0,8}(?:多すぎ|制限|超え|上限)",
                ),
            ),
            (
                "many|much",
                (
                    r"(?:too|to) many (?!hops?\b|received\b)(?:\w+ ){0,3}?(?:connections?|messages?|mails?|e ?mails?|sessions?|requests?|recipients?|recips|rcpts?|errors?|hits|attempts|transactions?|commands?|concurrent|sends|smtp|open (?!files)|deliveries|threads|simultaneous|bad|invalid|unknown|failed|failures|unrecognized)",
                    r"(?:too|to) much (?:\w+ )?(?:mail|traffic|messages?)\b(?! data)",
                    r"(?:sent|sending|received|receiving) (?:too many|too much)",
                ),
            ),
            (
                "excessive|reduce|lower|rate|ratelimit|ratelimited|throttled|throttling|throttle|quickly|frequency|frequent|frequently|fast|flood|flooding|slow|volume|bulk|sending|flow",
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
                    r"excessive (?:sending|volume|mails?|messages?|traffic|connections?)\b",
                    r"(?:reduce|lower) (?:your|the) (?:\w+ ){0,2}?(?:rate|volume|speed)\b",
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
                    r"number of (?:messages?|mails?|e ?mails?|recipients?|connections?) (?:\w+ ){0,3}?per (?:hour|day|minute|session|connection)",
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
            (
                "whitelisted|allowlisted|white|allow+late|agai",
                (r"not (?:yet )?(?:white|allow) ?listed (?:[^.]{0,60} )?(?:later|again)\b",),
            ),
            (
                "authorized|authorised|allowed|permitted|trusted+yet",
                (r"not yet (?:authori[sz]ed|allowed|permitted|trusted)\b",),
            ),
        ),
    ),
    Family(
        "connection_ended",
        Reason.SERVER_UNAVAILABLE,
        "RFC 5321 §3.8: a server that ends a session, or takes none, without a word about the client",
        (
            (
                "connection+serv|host|syst|peer",
                (
                    r"(?:server|host|system|service|peer) (?:has |have )?(?:refused|closed|dropped|reset|terminated) (?:the |our )?connection\b(?! (?:from|because|due|for))",
                ),
            ),
        ),
    ),
    Family(
        "service_refused",
        Reason.SENDER_BLOCKED,
        "Orange and Laposte.net postmaster pages: 'Service refuse', a block by reputation",
        (("refuse|refused|denied", (r"service (?:refus(?:e|ed)|denied)\b",)),),
    ),
    Family(
        "sender_blocked",
        Reason.SENDER_BLOCKED,
        "RFC 3463 X.7.1; Cisco IronPort, Barracuda, Yahoo, T-Online, AT&T, Charter, Microsoft 'banned sending IP'",
        (
            (
                "filtered|registered|register|unregistered|hangup|record+ip|ips|serv|doma|mail|host|send|your",
                (
                    r"(?:your|sending|client|source|the|this) (?:ips?|ip address|mail ?server|server|host) (?:\w+ ){0,3}?(?:filtered|not registered|unregistered|hangup)",
                    r"^ips? (?:address )?(?:is )?(?:filtered|not registered|unregistered|hangup)",
                    r"(?:not|un) ?registered (?:\w+ ){0,2}?(?:ip|mail server|sending)\b",
                    r"register (?:your|the|this) (?:\w+ )?(?:ip|ips|server|domain|mail server|host)\b",
                ),
            ),
            ("denied", (r"^permission denied(?= \.|$)",)),
            ("black", (r"black (?:mail )?(?:address|domain|sender)",)),
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
            ("from", (r"connections? (?:\w+ )?(?:refused|rejected|denied|blocked) from\b",)),
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
                    r"(?:接続元|送信元|发信|来信|发送|该)? ?ip ?(?:アドレス|地址)?.{0,12}(?:拒否|ブロック|制限|規制|拒绝|屏蔽|封|禁止|异常|차단|거부|제한|등록)",
                ),
            ),
            (
                "ip|ips|network|host|server|client|connection|connections|mta|isp|subnet|ipv6|ipv4|whitelist|list|allowlist|allow+abus|addr|bad|bann|barr|blac|bloc|comp|deni|deny|disa|drop|dyna|forb|gene|infe|list|no|not|proh|refu|reje|resi|spam|susp|unau",
                (
                    r"(?:your|sending|senders?|source|client|originating|connecting|this|the|remote|from) (?:\w+ ){0,2}?(?:ip|ips|network|host|server|mta|mail server|ip address|ipv[46]|subnet|isp)(?: address(?:es)?)? (?:\w+ ){0,5}?(?:blocked|banned|denied|rejected|refused|listed|not allowed|not accepted|blacklisted|suspended|prohibited|forbidden|barred|not authori[sz]ed|not permitted|not welcome|spammers?|suspicious|compromised|infected|abus\w+|bad|disallowed|not allow\w*)",
                    r"(?:blocked|banned|denied|rejected|refused|blocking|rejecting|deny|reject|forbidden|suspicious|bad|dynamic|residential|generic|unauthori[sz]ed) (?:(?!destination|recipient|remote|target)\w+ )?(?:ip|ips|ip address|sending ip|client|network|host)\b(?! (?:is )?(?:unreachable|not reachable|down|error|unavailable|not found|unknown)\b)",
                    r"ip (?:address )?(?:\w+ ){0,3}?(?:blocked|banned|denied|rejected|refused|block|not in white ?list|unauthori[sz]ed|forbidden|is bad)",
                    r"(?:client|connecting) host (?:\w+ ){0,3}?(?:rejected|blocked|denied|refused)",
                    r"connections? (?:\w+ ){0,4}?(?:will not be accepted|not accepted|not allowed|denied|prohibited|blocked)",
                    r"(?:connection|connect) (?:\w+ )?(?:rejected|denied|dropped|refused) (?!due to (?:an? )?(?:socket|network|internal|system|transport|connection|timeout)|by (?:the )?(?:remote|peer|foreign|other|host|$|\.))(?:\w+ ){0,3}?(?:due to|for(?= \w)|by|because|abuse|policy|spam)",
                    r"not (?:in|on) (?:our |the |my |its |their )?(?:white ?list|allow ?list|list of (?:allowed|approved|known) (?:senders|hosts|addresses))",
                    r"(?<!indicated )(?:no|not an?) (?:smtp|esmtp) service\b",
                ),
            ),
            (
                "access|banned|blocked|allowed|permission|connect|denied|rejected|blacklisted|refused|country|geo|filter|restrict|ban|permitted|authorized|authorised|accepted",
                (
                    r"(?:your|client) access (?:\w+ ){0,8}?(?:rejected|denied|blocked|refused)",
                    r"(?:not|arent) (?:allowed|permitted|authori[sz]ed) (?:to )?(?:connect|access)",
                    r"(?<!recipient )(?:ips?|ip address) (?:\w+ ){0,6}?(?:not|isnt) (?:allowed|permitted|authori[sz]ed|accepted)\b(?! to send (?:e ?)?mail directly)",
                    r"banned (?:sending|sender|for|by)",
                    r"you (?:are|have been|were|re) (?:\w+ )?(?:banned|blocked|blacklisted|rejected|denied)",
                    r"(?:domain|sender|address|server|host|network|country|region|isp|provider|organi[sz]ation) (?:is |has been |was |are |have been |being )?(?:\w+ )?(?:banned|blocked) (?:due|for|because|by|from|at|on|locally)\b(?! (?:to |of )?(?:\w+ )?(?:inactivity|disuse|non))",
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
                    r"(?<!deactivated )(?:due to|because of) (?:\w+ )?(?:abuse|complaints)",
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
                "relais|retransmission|retransmision|retransmissao|reenvio|reencaminhamento|encaminhamento|inoltro|weiterleitung|przekazywanie|пересылка|релей|ретрансляция+nega|deni|dene|refu|inte|proh|proi|rech|rifi|viet|verw|unte|nich|no|non|nao|nie|zabr|запр|откл",
                (
                    r"(?:relais|retransmissions?|retransmision|retransmissao|reenvio|(?:re)?encaminhamento|inoltro|weiterleitung|przekazywanie) (?:\w+ ){0,4}?(?:nega\w*|denegad[ao]|deniee?|refus\w*|interdite?|prohibid[ao]|proibid[ao]|rechazad[ao]|rifiutat[ao]|vietat[ao]|verweigert|untersagt|unterbunden|zabronion\w|niedozwolon\w|(?:no|non|nao|nicht) (?:\w+ )?(?:permitid[ao]|autorizad[ao]|autorisee?|consentit[ao]|permesso|erlaubt|gestattet|zulassig))\b",
                    r"(?:пересылка|релей|ретрансляция) (?:\w+ ){0,3}?(?:запрещен\w?|отклонен\w?)",
                ),
            ),
            (
                "lista|liste+rcpt|host|anfi|hote|relay",
                (
                    r"(?:dominio|domaine|domane|domain) (?:\w+ ){0,10}?list[ae] (?:\w+ ){0,3}?(?:rcpt\w*|hosts|anfitri\w+|hotes|relay)\b",
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
                    r"(?:unable|not able|refusing|refuse|not allowed) to relay\b",
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
            ("relay|relaying+deni|refu|reje|disa", (r"(?:denies|refuses|rejects|disallows) (?:\w+ )?relay(?:ing)?\b",)),
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
                "macro|macros|vba",
                (r"(?:containing|contains|with) (?:\w+ )?macros?\b", r"\bvba\b"),
            ),
            (
                "вирус|вирусы",
                (r"вирус\w*",),
            ),
            (
                "病毒|ウイルス|ウィルス",
                (r"病毒|ウイルス|ウィルス",),
            ),
            (
                "virus|viruses|wirus|wirusa|malware|infected|phishing|worm|trojan|malicious|clamav|phish|ransomware",
                (
                    r"[vw]irus\w*",
                    r"malware",
                    r"infected",
                    r"phish\w*",
                    r"malicious",
                    r"trojan",
                    r"worm\b",
                    r"ransomware",
                ),
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
            (
                "antyspam|antyspamowy|antispamowy|spamowy|spamverdacht|spamfilter|antipourriel|spamova|roskaposti|kereteszto|spamszuro|skrappost",
                (r"ant[iy]\w{0,3}spam\w*|antipourriel|roskaposti\w*|spamszuro\w*|skrappost\w*",),
            ),
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
                "content|contents|body|subject|url|urls|link|links|word|words|charset|language|keyword|keywords|phrase|characters|domain",
                (
                    r"(?:message|mail|e ?mail|your)? ?content (?:\w+ ){0,4}?(?:rejected|denied|blocked|not accepted|not allowed|refused|unacceptable|filter\w*|polic\w+|violat\w+|prohibited|restrict\w*|reasons?|scan\w*|check)",
                    r"(?:bad|objectionable|unacceptable|illegal|invalid|forbidden|prohibited|inappropriate|banned|blocked|disallowed|offensive|restricted|rejecting|due to|because of|based on|for|suspect\w*) (?:\w+ ){0,3}?(?:content|contents)\b",
                    r"(?:message|mail|e ?mail|subject|body) (?:\w+ ){0,3}?contain(?:s|ed|ing)? (?:\w+ ){0,4}?(?:content|url|urls|link|links|word|words|characters|attachments?|domain|phrase|text|language|html)",
                    r"(?:url|link|urls|links|domain) (?:\w+ ){0,3}?(?:in (?:your|the|this) (?:message|mail|e ?mail|body)|blocked|forbidden)",
                    r"(?:language|charset|character set) (?:\w+ ){0,2}?not (?:accepted|allowed|supported)",
                    r"body (?:part|type) not supported",
                    r"content reject\w*",
                    r"(?:sensitive|forbidden|banned|prohibited|illegal|bad) (?:words?|keywords?|phrases?)\b",
                    r"reject(?:ed|ing)? (?:\w+ )?contents?\b",
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
        "received_headers",
        Reason.SERVER_UNAVAILABLE,
        "RFC 5321 §6.3: a count of Received header fields shows that a message loops",
        (
            (
                "received+exce|many|maxi|limi",
                (
                    r"number of received (?:\w+ ){0,2}?(?:headers?|lines?|fields?) (?:\w+ )?exceed\w*",
                    r"(?:too many|excessive) received\b",
                ),
            ),
        ),
    ),
    Family(
        "too_large",
        Reason.MESSAGE_TOO_LARGE,
        "RFC 1870, RFC 3463 X.2.3, X.3.4; Postfix message_size_limit, Exim, Exchange, Gmail 552 5.3.4",
        (
            ("size", (r"^(?:message |mail )?size (?:limit )?exceed(?:ed|s)\b",)),
            (
                "大小",
                (r"大小.{0,6}(?:超|限)",),
            ),
            (
                "number|count|total+atta",
                (
                    r"(?:number|count|total) of (?:the |your |\w+ )?attachments? (?:\w+ ){0,6}?(?:maximum|threshold|limit|exceed\w*|allowed|many)\b",
                ),
            ),
            ("many+atta", (r"(?:too|to) many attachments?\b",)),
            (
                "length|size",
                (
                    r"(?:length|size) of (?:the |your )?(?:data|attach\w*|message|mail|email|body|content)\w* (?:\w+ ){0,4}?(?:maximum|threshold|limit|exceed\w*|large|big)",
                    r"\bsize limit \d+",
                    r"max(?:imum)? (?:message |mail |email |data )?size (?:exceeded|limit)",
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
                "nachricht|datei|anhang|mail|email|bericht|message|mensaje|correo|mensagem|messaggio|wiadomosc|zprava|meddelande|meddelandet|besked|mesaj|courriel|ileti+zu|grosser|te|trop|demasiado|muito|troppo|zbyt|prilis|grosse|groesse|taille|tamano|tamanho|dimensione|dimensioni|rozmiar|velikost|for|buyuk",
                (
                    r"(?:nachricht|datei|anhang|e ?mail|mail|bericht|message|courriel|mensaje|correo|mensagem|messaggio|wiadomosc|zprava|meddelandet?|besked|mesaj|ileti) (?:\w+ ){0,3}?(?:(?:zu (?:gross|lang|umfangreich)|grosser als)|te groot|trop (?:gros|volumineux|grand|lourd)|demasiado grande|muito grande|troppo (?:grande|grosso)|zbyt (?:duz\w|wielk\w)|prilis velk\w|for (?:stort?|stor)|cok buyuk)\b",
                    r"(?:nachricht|e ?mail|mail|message|courriel|mensaje|correo|mensagem|messaggio|wiadomosc|zprava) (?:\w+ ){0,4}?(?:grosse|groesse|taille|tamano|tamanho|dimensioni|dimensione|rozmiar\w?|velikost)\b",
                ),
            ),
            (
                "письмо|сообщение|письма|сообщения+слиш|разм|боль",
                (
                    r"(?:письм\w|сообщени\w) (?:\w+ ){0,3}?(?:слишком больш\w+|размер\w?)",
                    r"слишком больш\w+ (?:письмо|сообщение)",
                    r"размер\w? (?:письм\w|сообщени\w)",
                ),
            ),
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
                "system|disk|device|space|storage|filesystem|spool|resources|insufficient|mailsystem|partition|volume",
                (
                    r"insufficient (?:system )?(?:storage|disk space|disk|resources|system resources|queue space|memory)",
                    r"no space left on device",
                    r"(?:not enough|out of|low on|insufficient) (?:free )?(?:disk|system|spool|queue|file ?system) (?:space|storage|resources)",
                    r"(?:mail ?)?system (?:storage |disk |spool |space )*(?:is )?full",
                    r"(?:file ?system|disk|spool|partition|volume) (?:\w+ ){0,5}?full\b",
                ),
            ),
            (
                "spazio|espacio|espace|espaco|speicherplatz+devi|disp|disc|disq|peri|gera|lauf",
                (
                    r"(?:spazio|espacio|espace|espaco|speicherplatz) (?:\w+ ){0,4}?(?:sul|su|en el|no|sur|auf) (?:\w+ ){0,2}?(?:device|dispositivo|disco|disque|peripherique|gerat|laufwerk)\b",
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
                "limit|limits+mail|inbo|acco",
                (r"(?:mailbox|inbox) (?:\w+ ){0,2}?(?:at|reached|hit|over) (?:\w+ ){0,2}?limits?\b",),
            ),
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
                "full|overfull|overflow|mailboxfull|filled",
                (
                    r"(?:mail ?box|in ?box|mail ?folder|account|storage|quota|box) (?:\w+ ){0,3}?filled\b",
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
                    r"(?:mail ?box|in ?box|account) (?:\w+ ){0,3}?(?:too (?:large|big|full)|is over\b|oversized?)",
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
)
