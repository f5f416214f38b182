# ruff: noqa: E501 - each wording stays whole on its line
"""What no wording covers: refusals read by single words of their subject. Codes that say something come first."""

from undelivered.domain.classification.family import Family
from undelivered.domain.taxonomy import Reason

_MAILBOXES = "user|users|recipient|recipients|mailbox|mailboxes|inbox|box|account|accounts|addressee|alias|rcpt|person|customer|subscriber|destination"
_ADDRESS = r"(?<!return )(?<!reply )(?<!bounce )(?<!your )(?<!ip )address(?! literal)"
_OWNERS = "employee|colleague|student|subscriber|owner|addressee|member"
_NOT = "incorrect|undeliverable|unallocated|unassigned|no|not|never|cannot|cant|isnt|doesnt|dont|wasnt|arent|unable|unknown|invalid|bad|wrong|failed|none"
_ENDED = (
    "obsolete|suspended|deactivated|terminated|cancelled|canceled|closed|frozen|expired|deleted|removed|dormant|"
    "inactive|retired|discontinued|ceased|abandoned|unused|left|moved|archived|gone|withdrawn|revoked|shut|defunct|"
    "decommissioned|hacked|parked|mothballed|graduated|closure|discharged|relinquished|purged|erased|locked|disabled|off|resigned|ended|departed|dismissed|lapsed|changed|deceased|barred|dead|pending|separated|opgeheven"
)
_NAMES = (  # a user, a mailbox or an address in other languages of Latin script
    "empfanger|empfangers|empfangeradresse|empfangerpostfach|zieladresse|zielpostfach|mitarbeiter|mitarbeiterin|medewerker|adressat|postfach|benutzer|konto|mailadresse|emailadresse|adresse|"
    "destinataire|utilisateur|compte|boite|destinatario|usuario|cuenta|buzon|casilla|direccion|conta|endereco|caixa|"
    "indirizzo|casella|utente|odbiorca|odbiorcy|uzytkownik|uzytkownika|skrzynka|adres|ontvanger|gebruiker|postbus|"
    "dutilisateur|lutilisateur|ladresse|dadresse|lindirizzo|lutente|mottagare|mottagaren|adressen|uzivatel|prijemce|schranka|kullanici|alici|hesap|"
    "postvak|account|alias|ucet|kontot|khoan|pengguna|penerima|alamat|nguoi|naslov|predal|cimzett|destinatar|utilizator"
)
_NEGATED = (
    "nicht|kein|keine|keinen|fehlerhaft|falsch|unbekannt|pas|aucun|aucune|inconnu|inconnue|non|no|ningun|ninguna|nao|"
    "nenhum|nenhuma|incorrecta|incorrecto|incorreta|incorreto|errato|errata|erronea|erroneo|equivocada|desconocido|desconocida|"
    "desconhecido|desconhecida|inexistente|inexistant|inexistante|introuvable|sconosciuto|sconosciuta|unbekannte|unbekannter|"
    "ungultig|ungultige|invalide|invalido|invalida|onbekend|onbekende|onjuist|nieznany|nieznana|nie|brak|niet|geen|inte|ingen|ne|nelze|neni|yok|degil|tidak|khong|nu|nem|nincs"
)
_FULL = (  # full or used up, in the same languages
    "voll|erschopft|uberschritten|ueberschritten|uberfullt|plein|pleine|sature|saturee|depasse|lleno|llena|agotado|excedido|excedida|"
    "superado|superada|cheio|cheia|lotada|esgotado|pieno|piena|esaurito|superata|pelna|pelny|przepelniona|przekroczony|vol|overvol|"
    "fullt|fyldt|plna|plny|dolu|doldu|asildi"
)
_NO_MORE = "ausgeschieden|opgezegd|gekundigt|gedeactiveerd|geblokkeerd|gesloten|zablokovan|zablokovana|zrusen|zrusena|deaktivovan|avstangt|avstangd|inaktiverat|inaktiverad|khoa|opgeheven|ukinjen|mehr|plus|mas|mais|piu|wiecej|juz|meer|langre|ya|jiz|artik"
_SPACE = "speicher|speicherplatz|espace|espacio|espaco|spazio|miejsca|ruimte|plads|plats|miejsce|prostor|hely|yer|ruang"
_SESSION = (
    "karma|ratware|snowshoe|probation|ipv4|ipv6|zombie|zombies|botnet|infected|compromised|uribl|surbl|backscatter|identity|identities|compliance|block|blocks|blocking|unverified|bounces|credentials|credential|password|helo|ehlo|ptr|rdns|range|ranges|hosting|screening|arc|dane|srs|batv|gonderen|submitter|originator|sending|reverse|ip|ips|client|firewall|trusted|untrusted|trust|"
    "region|country|provider|isp|reputation|spammers|abuse|generic|literal|interface|originating|netblock|bounce|envelope|"
    "replies|greeting|you|we|us|absender|absenderadresse|expediteur|lexpediteur|dexpediteur|expedition|dexpedition|emetteur|remitente|remetente|"
    "mittente|nadawca|nadawcy|afzender|avsandare|avsandaren|odesilatel|odesilatele|origem|отправитель|отправителя"
)
_SYSTEM = (
    "lmtp|upstream|retried|retrying|transaction|loop|loops|hop|hops|file|files|directory|disk|memory|queue|queued|database|ldap|nfs|mounted|socket|process|processed|child|fork|script|"
    "backend|daemon|internal|bug|crashed|crash|exception|configuration|configured|lock|uid|gid|network|retry|later|wait|"
    "waiting|temporary|temporarily|parse|parser|moment|overload|load|maintenance|offline|unreachable|resource|resources|store|spool|"
    "panic|assertion|damaged|unqueuable|restarts|restarting|operator|expansion|verification|momentan|momentanement|indisponible|connection|storung|"
    "probleme|technique|syntax|arguments|delayed|deferred|postponed|collect|format|uid|temporal|temporario|temporaria|temporaneo|temporanea|tijdelijk|tijdelijke|tymczasowy|tymczasowa|"
    "disponibile|disponible|disponivel|bereikbaar|niedostepny|niedostepna|недоступен|недоступна|недоступно|docasna|docasny|senare|tekrar|sau"
)
_MESSAGE = (
    "uri|uris|url|urls|text|subject|attachment|attached|zip|archive|archives|html|mime|link|links|keyword|language|unwelcome|harmful|scam|"
    "unwanted|junk|dangerous|bulk|newsletter|newsletters|marketing|advertising|adverts|razor|razor2|pyzor|dcc|bayes|hits|score|"
    "oggetto|betreff|asunto|assunto|objet|temat|onderwerp|fingerprint|document|documents|macro|macros|image|images|boundary|charset|content|contents|contenu|contenido|inhalt|anhang|dateityp|conteudo|contenuto|tresc"
)

WORDINGS: tuple[Family, ...] = (
    Family(
        "limit_words",
        Reason.RATE_LIMITED,
        "RFC 3463 X.4.5, X.5.3, RFC 6647: words of number and speed",
        (
            (
                "rate|pace|ceiling|cap|flood|flooded|flooding|simultaneous|concurrent|rapidly|per|by|throttle|throttled|burst|maximum|max|limit|frequency|quickly|often|soon|fast|allowance|count|enough|sessions|many|trop|troppi|zuviel|muitos|demasiados|zbyt",
                (
                    r"(?:rate|pace|ceiling|flood(?:ed|ing)?|simultaneous|concurrent|rapidly|(?:per|by) (?:second|minute|hour|day)|throttled?|burst|frequency|quickly|often|fast|allowance|count|trop|troppi|zuviel|muitos|demasiados|zbyt)\b",
                    r"(?:too soon|enough mail|so many|(?:more|many) sessions)\b",
                    r"(?:maximum|max|limit) (?:\w+ ){0,3}?(?:exceeded|reached)\b",
                ),
            ),
        ),
        is_weak=True,
        is_about_us=True,
    ),
    Family(
        "size_words",
        Reason.MESSAGE_TOO_LARGE,
        "RFC 3463 X.2.3, X.3.4: words of size",
        (
            (
                "big|size|large|oversize|length|bytes|megabytes|heavy|bulky",
                (
                    r"(?<!mailbox )(?<!inbox )(?<!account )(?:too big|too large|too heavy|too bulky|size|oversized?|length|bytes|megabytes)\b(?! (?:of )?(?:mailbox|inbox))",
                ),
            ),
        ),
        is_weak=True,
    ),
    Family(
        "encryption_words",
        Reason.SENDER_AUTHENTICATION,
        "RFC 3207, RFC 5322: words of encryption and of headers",
        (
            (
                "spoof|spoofs|spoofed|spoofing|forged|forgery|tls|ssl|starttls|encryption|encrypted|cipher|certificate|header|headers|authentication|authenticated|unauthenticated|signature|key|keys",
                (
                    r"(?:spoof(?:s|ed|ing)?|forged|forgery|tls|ssl|starttls|encryption|encrypted|cipher|certificate|headers?|(?:un)?authenticat(?:ed|ion)|signature|domain ?keys?)\b",
                ),
            ),
        ),
        is_weak=True,
        is_about_us=True,
    ),
    Family(
        "full_words",
        Reason.MAILBOX_FULL,
        "RFC 3463 X.2.2: a user or a mailbox, and room that is lacking",
        (
            (
                f"full|room|storage|quota|capacity|space|diskspace|megabytes|size|overfill|overflow+{_MAILBOXES}",
                (
                    rf"(?:{_MAILBOXES}) (?:\w+ ){{0,8}}?(?:full|room|storage|quota|capacity|(?:disk)?space|megabytes|size|over(?:fill|flow))\b",
                    rf"(?:full|room|storage|quota|capacity|(?:disk)?space|megabytes) (?:\w+ ){{0,8}}?(?:{_MAILBOXES})\b",
                ),
            ),
            (
                f"{_FULL}+{_NAMES}|postfaches|postfachs",
                (
                    rf"(?:{_NAMES}|postfache?s) (?:\w+ ){{0,6}}?(?:{_FULL})\b",
                    rf"(?:{_FULL}) (?:\w+ ){{0,4}}?(?:{_NAMES}|postfache?s)\b",
                ),
            ),
            (
                f"{_SPACE}+{_NEGATED}|sin|sans|sem|senza|bez|zonder|uten|utan",
                (
                    rf"(?:{_NEGATED}|sin|sans|sem|senza|bez|zonder|uten|utan) (?:\w+ ){{0,3}}?(?:{_SPACE})\b",
                    rf"(?:{_SPACE}) (?:\w+ ){{0,3}}?(?:{_NEGATED})\b",
                ),
            ),
        ),
        is_weak=True,
        recipient_as=Reason.MAILBOX_FULL,
    ),
    Family(
        "closed_words",
        Reason.MAILBOX_DISABLED,
        "RFC 3463 X.2.1: a user or a mailbox, and a word that says it has ended",
        (
            (
                f"{_ENDED}+{_MAILBOXES}|{_OWNERS}|address",
                (
                    rf"(?:{_MAILBOXES}|{_OWNERS}|address) (?:\w+ ){{0,10}}?(?:{_ENDED})\b",
                    rf"(?:{_ENDED}) (?:\w+ ){{0,3}}?(?:{_MAILBOXES}|address)\b",
                ),
            ),
            (f"hold+{_MAILBOXES}|address", (rf"(?:{_MAILBOXES}|address) (?:\w+ ){{0,6}}?on hold\b",)),
            (
                f"{_NO_MORE}+{_NAMES}",
                (
                    rf"(?<!ip )(?:{_NAMES}) (?:\w+ ){{0,5}}?(?:{_NO_MORE})\b",
                    rf"(?:{_NO_MORE}) (?:\w+ ){{0,3}}?(?<!ip )(?:{_NAMES})\b",
                ),
            ),
        ),
        is_weak=True,
        recipient_as=Reason.MAILBOX_DISABLED,
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "unknown_words",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 3463 X.1.1: a user or an address, and a negation, in several languages",
        (
            (
                f"{_NOT}+{_MAILBOXES}|address",
                (
                    rf"(?:{_MAILBOXES}|{_ADDRESS}) (?:\w+ ){{0,8}}?(?:{_NOT})\b",
                    rf"(?:{_NOT}) (?:\w+ ){{0,6}}?(?:{_MAILBOXES}|{_ADDRESS})\b",
                ),
            ),
            (
                "nobody|noone|anyone|anybody|niemand|nadie|nessuno|ninguem|nikt|никто|никого",
                (
                    r"(?:not|cannot|couldnt|cant|dont|didnt|unable to) (?:\w+ ){0,4}?(?:anyone|anybody)\b(?! (?:from|who|outside))",
                    r"(?:nobody|noone|niemand|nadie|nessuno|ninguem|nikt|никто|никого)\b",
                ),
            ),
            (
                "know|entry+any|pass|dire|ldap|addr|alia|tabl",
                (
                    r"(?:dont|do not|doesnt|does not|didnt) know (?:of )?any\b",
                    r"no (?:passwd|directory|ldap|address ?book|alias|table) entry\b",
                ),
            ),
            ("person|name+no|know", (r"no person\b(?! (?:may|can|is)\b)", r"know \w+ person\b")),
            (
                f"{_NEGATED}+{_NAMES}",
                (
                    rf"(?<!ip )(?:{_NAMES}) (?:\w+ ){{0,6}}?(?:{_NEGATED})\b",
                    rf"(?:{_NEGATED}) (?:\w+ ){{0,4}}?(?<!ip )(?:{_NAMES})\b",
                ),
            ),
            (
                "получатель|получателя|адресат|адресата|пользователь|пользователя|ящик|адрес|учетная+не|нет|ошибка|неверно",
                (
                    r"(?:получател\w|адресата?|пользовател\w|ящик\w?|адрес\w?) (?:\w+ ){0,5}?(?:не|нет|неверно)\b",
                    r"(?:не|нет) (?:\w+ ){0,4}?(?:получател\w|адресата?|пользовател\w|ящик\w?|адрес\w?)\b",
                ),
            ),
            (
                "アドレス|ユーザ|宛先|アカウント|メールボックス|受信者",
                (
                    r"(?:アドレス|ユーザ|宛先|アカウント|メールボックス|受信者).{0,18}(?:ない|ません|なく|不明|無効|間違|誤)",
                ),
            ),
            (
                "用户|用戶|收件人|邮箱|郵箱|账号|帐号|帳號|地址|信箱",
                (r"(?:用户|用戶|收件人|邮箱|郵箱|账号|帐号|帳號|地址|信箱).{0,10}(?:不|未|无|無|没|沒|非|错)",),
            ),
            (
                "사용자|수신자|수신인|계정|주소|메일함|회원",
                (r"(?:사용자|수신자|수신인|계정|주소|메일함|회원).{0,14}(?:없|않|아닙|아닌|못|불가|잘못)",),
            ),
        ),
        is_weak=True,
        recipient_as=Reason.ADDRESS_NOT_FOUND,
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "domain_words",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 3463 X.1.2, X.1.10: a domain and a negation, where nothing is said of the sender",
        (
            (
                f"{_NOT}+domain|domains",
                (
                    rf"(?<!sending )domains? (?!keys? )(?:\w+ ){{0,4}}?(?:{_NOT})\b(?! (?:\w+ )?(?:from|sender|helo|ehlo|accept|allow|permit|support|want|like)\b)",
                    r"(?:no|unknown|bad|wrong) (?!sending )(?:\w+ ){0,2}?domains?\b(?! keys?\b)",
                ),
            ),
        ),
        is_weak=True,
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "relay_words",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.7.1: words of relaying, which say nothing of the recipient",
        (("relay|relays|relayed|relaying", (r"relay(?:s|ed|ing)?\b",)),),
        is_weak=True,
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "session_words",
        Reason.SENDER_BLOCKED,
        "RFC 5321 §4.1.1.1, RFC 3463 X.7.X: words of the session and of us, which say nothing of the recipient",
        (
            (_SESSION, (rf"(?<! for )(?<! to )(?:{_SESSION})\b",)),
            ("address+retu|repl|boun|your", (r"(?:return|reply|bounce|your) address\b",)),
            ("return|path", (r"return ?path\b",)),
            (
                "domain+new|newl|rece",
                (r"(?:new|newly \w+|recently \w+) domains?\b", r"domains? (?:\w+ ){0,3}?(?:recently|newly|too new)\b"),
            ),
            (
                "送信|発信|差出|发件|发信|发送|寄件|您的|보낸|발신",
                (r"(?:送信|発信|差出|发件|发信|发送|寄件|您的|보낸|발신)",),
            ),
            ("talk+you", (r"(?:not|dont|wont) (?:\w+ )?talk to you\b",)),
            (
                "greeting|banner+awai|befo|earl|wait",
                (
                    r"(?:before|await|wait for) (?:\w+ ){0,3}?(?:greeting|banner)\b",
                    r"early (?:\w+ )?(?:greeting|banner)\b",
                ),
            ),
            ("away|thank|thanks+go|no", (r"(?:go away|no thank(?:s| ?you))\b",)),
            (
                "check|checks+erro|fail",
                (
                    r"(?!users?\b|recipients?\b|rcpt\b|mailbox|address|accounts?\b|alias|quota|virus|domain|system|disk|local)\w+ checks? (?:error|failed|failure)\b",
                ),
            ),
            (
                "your",
                (
                    r"your (?:\w+ ){0,2}?(?:accounts?|users|customers|connection|session|site|system|exchanger|organi[sz]ation|company|mailer|software|location)\b",
                ),
            ),
        ),
        is_weak=True,
        is_about_us=True,
    ),
    Family(
        "time_words",
        Reason.TIMED_OUT,
        "RFC 3463 X.4.7: words of a queue that has given up",
        (
            (
                "days|hours|tage|tagen|stunden|jours|heures|dias|horas|giorni|dni|time+deli|trie|try|send|sent|zuge|zust|ente|entr|cons|dost|livr|atte|retu|over|hand",
                (
                    r"(?:days|hours|time|tage\w?|stunden|jours|heures|dias|horas|giorni|dni) (?:\w+ ){0,6}?(?:deliver\w*|delivery|tried|try|sent|zugestellt|zustell\w*|livr\w+|entreg\w+|consegn\w+|dostarcz\w+|returned|attempts?)\b",
                    r"(?:delivery|deliver\w*|tried|try|sent|send|hand over|zugestellt|zustell\w*|livr\w+|entreg\w+|consegn\w+|dostarcz\w+|returned|attempts?) (?:\w+ ){0,6}?(?:days|hours|time|tage\w?|stunden|jours|heures|dias|horas|giorni|dni)\b",
                ),
            ),
        ),
        is_weak=True,
    ),
    Family(
        "system_words",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 X.3.X: words of a system at work, which say nothing of the recipient",
        (
            (_SYSTEM, (rf"(?:{_SYSTEM})\b",)),
            (
                "unable|failed",
                (
                    r"(?:unable|failed) to (?!deliver|verify|find|locate|authenticate|relay|accept|route|resolve|meet|pass|comply)\w+\b",
                ),
            ),
            (
                "error|failure|condition|problem+unre|crit|seri|seve|unha|unsp|runt|inco",
                (
                    r"(?:unrecoverable|critical|serious|severe|unhandled|unspecified|runtime|inconsistent) (?:error|failure|condition|problem)\b",
                ),
            ),
            ("wrong+some", (r"something (?:\w+ )?went (?:\w+ )?wrong\b",)),
            ("後で|再試行|응답하지|다시", (r"(?:後で|再試行|응답하지|다시)",)),
        ),
        is_weak=True,
    ),
    Family(
        "message_words",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.6.X: words of the message, which say nothing of the recipient",
        (
            (_MESSAGE, (rf"(?:{_MESSAGE})\b",)),
            ("本文|件名", (r"(?:本文|件名)",)),
        ),
        is_weak=True,
        is_about_us=True,
    ),
    Family(
        "advice_words",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 3463 X.1.1: the advice to check the address, where nothing else is said",
        (
            (
                "check|verify|confirm|correct+reci|addr",
                (
                    r"(?:check|verify|confirm|correct) (?:that )?(?:the )?(?:\w+ ){0,2}?(?:recipients?|address)\b(?! (?:book|of the sender))",
                ),
            ),
        ),
        is_weak=True,
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
    Family(
        "mail_words",
        Reason.CONTENT_REJECTED,
        "RFC 3463 X.6.X, X.7.1: a message, where nothing is said of the recipient",
        (
            (
                "mail|mails|email|emails|message|messages|nachricht|courriel|mensaje|mensagem|messaggio|wiadomosc",
                (
                    r"(?:mails?|emails?|messages?|nachricht|courriel|mensaje|mensagem|messaggio|wiadomosc)\b(?! (?:for|to)\b)",
                ),
            ),
            ("письмо|сообщение", (r"(?:письмо|сообщение)\b",)),
            ("メール|邮件|信件|郵件|메일", (r"(?:メール|邮件|信件|郵件|메일)",)),
        ),
        is_weak=True,
        temporary_as=Reason.SERVER_UNAVAILABLE,  # RFC 5321 §4.2.1: a message that is refused as such is refused for good
    ),
    Family(
        "refusal_words",
        Reason.SENDER_BLOCKED,
        "RFC 3463 X.7.1: words of refusal, where no recipient is named: 'no thank you', 'not in approved list'",
        (
            (
                "reject|rejected|rejecting|rejection|refuse|refused|refusal|deny|denied|disallowed|barred|unauthorized|unauthorised|unwelcome|unacceptable|declined|penalized|penalised|suspicious|unwanted",
                (
                    r"(?:reject\w*|refus\w+|deny|denied|disallowed|barred|unauthori[sz]ed|unwelcome|unacceptable|declined|penali[sz]ed|suspicious|unwanted)\b",
                ),
            ),
            (
                "accepted|acceptable|allowed|permitted|approved|welcome|trusted|wanted|authorized|authorised|interested+not",
                (
                    r"not (?:\w+ ){0,2}?(?:accepted|acceptable|allowed|permitted|approved|welcome|trusted|wanted|authori[sz]ed|interested)\b",
                ),
            ),
            (
                "like|liked|trust|talk|talking+not|dont|wont|doesnt",
                (r"(?:not|dont|wont|doesnt) (?:like|liked|trust|talk|talking)\b",),
            ),
            ("security", (r"security\b",)),
            (
                "think|try|lost|joking|kidding+so|nice|get|must|not",
                (r"(?:dont think so|nice try|get lost|(?:must be|not) (?:joking|kidding))\b",),
            ),
        ),
        is_weak=True,
        temporary_as=Reason.SERVER_UNAVAILABLE,
    ),
)
