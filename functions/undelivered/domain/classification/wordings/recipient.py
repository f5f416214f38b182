# ruff: noqa: E501 - each wording stays whole on its line
"""What is said of the recipient: unknown, moved, closed, and domains that do not exist."""

from undelivered.domain.classification.family import BOX, DO_NOT, GAP, LINK, NO_FAULT_WORD, NOT, Family
from undelivered.domain.taxonomy import Reason

WORDINGS: tuple[Family, ...] = (
    Family(
        "null_mx",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 7505: a domain that accepts no mail; Exim 'an MX or SRV record indicated no SMTP service'",
        (
            ("nullmx|null", (r"null ?mx",)),
            ("indicated", (r"record indicated no (?:smtp|mail) service",)),
        ),
    ),
    Family(
        "not_for_user",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 3463 X.1.1: a server that takes no mail for this user",
        (
            (
                "handle|handles|accept|accepts|take|takes|process|processes|host|hosts+user|reci|addr|mail|acco|pers",
                (
                    r"(?:server|system|site|host|machine|mta|domain) (?:name )?(?:does not|doesnt|do not|dont|cannot|cant|wont|will not) (?:handle|accept|take|process|host)(?: any)? (?:e ?mails?|mails?|messages?) (?:for|to) (?:this|that|the|such an?|your) (?:\w+ )?(?:user|recipient|address|mail ?box|account|person)\b",
                ),
            ),
        ),
    ),
    Family(
        "no_mail_service",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 7504 521 and 556, RFC 7505: a host or a domain that never accepts mail",
        (
            (
                "service|services+mail|emai",
                (
                    r"(?:domain|host|server|site) (?:has|have|with|provides?|offers?) no (?:e ?mail|mail) services?\b",
                    r"no (?:e ?mail|mail) services? (?:\w+ ){0,3}?(?:for|at|on|in) (?:\w+ )?(?:domain|host|address)",
                ),
            ),
            (
                "accept|accepts|receive|receives|handle|handles|take|takes|support+doma|host|serv|mach|site",
                (
                    r"(?:domain|host|server|machine|site) (?:name )?(?:\w+ \. \w+ )?(?:(?:that|which|you|are|is|sending|to|it) ){0,4}?(?:does not|doesnt|do not|cannot|can not|never|wont|will not|is not able to|is not configured to) (?:accept|receive|handle|take|support)s? (?:any |incoming |inbound )?(?:e ?mails?|mails?|messages)\b(?! (?:from|that|with|over|of|larger|bigger|at this time|now|because|due|for any|right now))",
                    r"(?:domain|host|server|machine|site) (?:\w+ \. \w+ )?(?:accepts|receives|takes|handles) no (?:incoming |inbound )?(?:e ?mails?|mails?|messages)\b(?! (?:from|that))",
                ),
            ),
        ),
    ),
    Family(
        "moved",
        Reason.MAILBOX_DISABLED,
        "RFC 3463 X.1.6, RFC 5321 251/551; Sendmail REDIRECT, vacation and leaver texts",
        (
            ("left", (r"(?:user|employee|person|recipient|addressee) (?:has |have )?left\b",)),
            ("use+inst", (r"use (?:the )?(?:address )?instead\b",)),
            (
                "replaced|migrated|renamed|superseded|deceased|retired|obsolete|outdated|decommissioned",
                (
                    r"(?:user|recipient|account|mail ?box|address|e ?mail|employee|person|addressee|inbox) (?:\w+ ){0,4}?(?:replaced|migrated|renamed|superseded|deceased|retired|obsolete|outdated|decommissioned)\b",
                ),
            ),
            ("local|please", (r"user not local (?:\. )?please try(?! again| later)",)),
            (
                "new+addr|emai|mail",
                (r"(?:has|have) (?:an? )?new (?:e ?mail |mail )?address", r"new (?:e ?mail |mail )?address is\b"),
            ),
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
                    r"(?:(?<!credentials )(?<!password )(?<!certificate )(?<!token )(?<!session )(?<!key )(?<!link ))no longer (?:a )?(?:valid|in use|used|active|available|accept(?:s|ing)?\b(?! (?:connections?|(?:mails?|messages?|emails?) (?:from|with|containing|without|in)|relay|attachments?|html))|monitored|receiv(?:es?|ing)|maintained|in service|reachable|on (?:this |the |our )?(?:server|system|staff)|(?:a |an )?(?:student|pupil|teacher|patient|client|resident|tenant|volunteer|contractor)|with (?:us|the (?:company|firm|organi[sz]ation|school|university))|at (?:the|our) \w+|here|being used|associated|in operation|subscrib\w*|customer|(?:our |a )?(?:member|user))",
                ),
            ),
        ),
    ),
    Family(
        "temporarily_disabled",
        Reason.SERVER_UNAVAILABLE,
        "RFC 3463 class 4: a mailbox that its server calls closed for a time is not closed for good",
        (
            (
                "temporary|temporarily",
                (
                    r"(?:mail ?box|account|user|inbox|recipient|address) (?:\w+ ){0,4}?temporar(?:y|ily) (?:\w+ )?(?:locked|suspended|disabled|blocked|inactive|closed|deactivated|frozen|restricted)\b",
                    r"temporar(?:y|ily) (?:locked|suspended|disabled|blocked|inactive|closed|deactivated|frozen) (?:mail ?box|account|user|inbox|recipient|address)",
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
                "discontinued|use|disabled|closed|deactivated+mail|acco|addr|inbo|emai",
                (
                    r"(?:mailbox|account|address|inbox|email) (?:\w+ ){0,6}?(?:is|has been|was) (?:discontinued|deactivated|closed|disabled)\b",
                    r"(?:mailbox|account|address|inbox) (?:is )?(?:not|no longer) (?:currently |presently )?in use\b",
                ),
            ),
            (
                "log|login|logged|signed|sign|entered|connected|checked+enab|acti|reac|reen|has|have|hasn|neve|not",
                (
                    r"(?:must|should|needs? to|has to|please|not) (?:\w+ )?(?:log ?in|log on|sign in|logged in) (?:\w+ ){0,3}?(?:to |and )?(?:re)?(?:enable|activate)",
                    r"(?:user|recipient|owner|customer|account) (?:(?:has |have )?(?:not|never)|hasnt|havent) (?:yet )?(?:logged|signed|entered|connected|checked)\b",
                ),
            ),
            (
                "activity|used|accessed|opened|unused|unopened|unaccessed+acco|mail|user|addr|sinc|for|in|on|with|inbo",
                (
                    r"no (?:\w+ )?activity (?:\w+ ){0,3}?(?:since|for|in|on this|on the|within)",
                    r"(?:account|mail ?box|address|inbox|user) (?:\w+ ){0,2}?(?:not|never|un) ?(?:been )?(?:used|accessed|opened) (?:\w+ ){0,2}?(?:since|for|in|within|days|months|years)",
                ),
            ),
            (
                "contract|subscription|payment|paid|unpaid|nonpayment",
                (
                    r"(?:contract|subscription) (?:\w+ ){0,2}?(?:expired|ended|terminated|cancell?ed)",
                    r"(?:account|mail ?box|user|subscriber) (?:\w+ ){0,4}?(?:non ?payment|unpaid|not paid)",
                ),
            ),
            (
                "archived|inactive|suspended|disabled|closed|dormant|deleted|removed",
                (
                    r"(?:archived|inactive|suspended|disabled|closed|dormant|deleted|removed) (?:recipient|mbox|mail ?box|user|account|destination)",
                    r"(?:mbox|inbox|mail ?box) (?:\w+ ){0,6}?and (?:is |was )?(?:closed|disabled|deleted)",
                ),
            ),
            (
                "archivee|archive|archivado|archiviato",
                (r"(?:boite|compte|destinataire|adresse) (?:\w+ ){0,4}?archivee?s?\b",),
            ),
            (
                "휴면|중지된|정지된|탈퇴|해지|중지|정지|解約|休止",
                (r"휴면.{0,4}(?:계정|메일|회원|사용자)?|(?:사용|이용).{0,4}(?:중지|정지)|탈퇴|해지된?", r"解約|休止中"),
            ),
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
                    rf"{BOX} {LINK}(?:disabled|deactivated|suspended|inactive|discontinued|terminated|closed|frozen|cancell?ed|disactivated|dormant|disused|abandoned|unused|deprovisioned|archived|hangup|decommissioned|disable)\b",
                    r"(?:mail ?box|account|user|inbox|recipient|addressee|alias|recipient (?:address|mail ?box|account)|e ?mail (?:account|address)|(?<!ip )address) (?:\w+ )??(?:status |is |has |has been |was |are |have been |temporarily |temporary |currently |been |administratively )*(?:locked|blocked|expired|deleted|removed)\b(?! (?:by|due to|for|because|using|from|as) (?:\w+ ){0,2}?(?:spam|policy|filter|content|blacklist|sender))",
                    rf"(?:disabled|deactivated|suspended|inactive|discontinued|terminated|closed|locked|frozen|cancell?ed|deleted|dormant|abandoned|expired|disactivated) {BOX}",
                    r"blocked (?:mail ?box|account|user)\b",
                    r"(?:due to|because of|for|after) (?:\w+ ){0,2}?(?:inactivity|disuse|non use|lack of use)",
                    r"(?:extended|prolonged|long|continued) (?:period of )?(?:inactivity|disuse|non use)\b",
                    r"(?:disabled|blocked|locked|closed) (?:due to|for|because of) (?:\w+ )?inactivity",
                    r"disabled or discontinued",
                    r"deactivated (?:due to|because of|for) ",
                    r"^(?!domain|host|server)(?:\w+ ){0,2}?(?:is|has been|was) (?:\w+ )?(?:disabled|deactivated|suspended|terminated|discontinued|inactive|dormant)\b",
                    r"^(?:is|has been|was) (?:permanently |now )?(?:closed|deleted|removed|locked|expired)(?=$| \.)",
                    r"^has expired(?=$| \.)",
                    r"user (?:is )?(?:disabled|suspended|locked|inactive|frozen|deactivated)",
                ),
            ),
            (
                "accepting|accepted|accept|receiving|receive|take|active|activated|enabled",
                (
                    r"(?:mail ?box|account|recipient|user|address|e ?mail address) (?:\w+ ){0,2}?(?:is |are )?(?:not|no longer|isnt) (?:currently |presently )?(?:accepting|receiving|active)(?! (?:mail|messages?|e ?mails?) (?:from|that))",
                    r"(?:mail|new mail|messages|e ?mail) (?:is |are )?(?:not|no longer) (?:currently |being )*accepted (?:for|at|by) (?:this|that|the) (?:mail ?box|account|user|recipient|address)",
                    r"(?:user|account|mail ?box|recipient) (?:is )?not (?:yet )?(?:active|activated|enabled)\b",
                    r"not (?:an )?active (?:user|account|mail ?box|address)",
                    r"(?:does not|doesnt|cannot|can not|unable to|not (?:allowed|able|permitted|configured|enabled|set up|authori[sz]ed|capable) (?:to|of)|is not able to) (?:receiv(?:e|ing)|accept) (?:any )?(?:e ?mails?|mails?|messages)\b(?! (?:from|that|of|over|with|this))",
                    r"(?:unavailable|unable) to (?:take|accept) delivery\b",
                ),
            ),
            ("policy", (r"policy rejection on the target address",)),
            (
                "hesap|hesabi|hesabiniz|kullanici|kutusu|kutu+akti|kapa|devr|dond|pasi",
                (
                    r"(?:hesa[bp]\w*|kullanici\w*|kutusu|kutu) (?:\w+ ){0,2}?(?:aktif degil|kapali|kapatil\w+|devre disi|dondurul\w+|pasif)\b",
                ),
            ),
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
            ("received", (r"(?:too many|excessive|maximum) (?:\w+ )?received (?:headers?|lines?|hops?)",)),
            (
                "forwarding|relayed|forward",
                (
                    r"(?:forwarding|forward) (?:\w+ ){0,2}?(?:failed|failure|error)\b",
                    r"error (?:in |while |when )?forwarding",
                    r"(?:delivery|relay|relaying) to (?:the )?forwarding address (?:\w+ )?failed",
                    r"relayed (?:too many|\w+) times",
                ),
            ),
            (
                "wrong|writable|sticky|uid|gid|mounted|mode|path+home|mail|dire|file|fold|user|spoo|serv",
                (
                    r"(?:home|mailbox|maildir|directory|file|folder|spool|mail) (?:[^.]{0,60} )?(?:has |have |is |are )(?:the |a |not |group |world )*(?:wrong|writable|sticky|mounted)\b",
                    r"(?:home|mailbox|maildir|directory|file|folder|spool|server|user) (?:[^.]{0,60} )?(?:wrong|bad|invalid) (?:uid|gid|mode|path)\b",
                    r"(?:wrong|bad|invalid|incorrect) (?:mailbox|maildir|home|mail|directory|file|folder|spool) (?:directory )?(?:uid|gid|mode|path)\b",
                    r"server (?:is )?(?:in )?read only mode",
                ),
            ),
            ("local+host|addr", (r"remote (?:host )?address is the local host",)),
            (
                "mx+list",
                (r"mx list (?:\w+ ){0,3}?\.? ?points back",),
            ),
            (
                "format|state|index+mail|fold",
                (r"(?:mailbox|maildir|folder) (?:\w+ ){0,3}?invalid (?:format|state|index)\b",),
            ),
            (
                "corrupt|corrupted|damaged",
                (r"(?:mailbox|folder|index|database|maildir) (?:\w+ ){0,2}?(?:corrupt|corrupted|damaged)\b",),
            ),
            (
                "loop|loops|looping|hops|hop|looped",
                (
                    r"(?:mail|routing|message|forward\w*|alias|local|dns|delivery) (?:\w+ ){0,5}?loop(?!back)\w*",
                    r"loops? (?:back|detected|to)",
                    r"(?:too many|maximum|exceeded|max) (?:\w+ ){0,2}?hops?",
                    r"hop count (?:exceeded|exceeds|\w+)",
                    r"looping",
                    r"loop\b",
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
        "no_dns_records",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 5321 §5.1, RFC 6890, Exim and qmail on the recipient's domain; GMX, Rackspace and Mailgun on the sender's",
        (
            (
                "host|hosts|mx|exchanger|mail",
                (
                    r"(?:couldnt|could not|cannot|cant|unable to) find (?:\w+ ){0,2}?(?:mail exchanger|mx record|mail server for)",
                    r"no (?:mx|mail exchanger)\w*(?: or a)?(?: records?)?\b",
                ),
            ),
            (
                "aaaa|record|records+mx|dns|aaaa",
                (r"(?:no|invalid|bad|missing|without|lacks?) (?:\w+ ){0,5}?(?:aaaa|mx|dns) (?:\w+ ){0,2}?records?\b",),
            ),
            (
                "private|loopback|bogon|routable|unroutable+addr|ip|ips|rang|netw",
                (
                    r"(?:private|loopback|bogon|unroutable|non ?routable) (?:\w+ ){0,2}?(?:address(?:es)?|ips?|range|network)\b",
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
        ),
        reply_as=Reason.SENDER_BLOCKED,
    ),
    Family(
        "invalid_domain",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 3463 X.1.2; without that code, the server accepts the recipient's domain and means the sender's",
        (
            (
                "domain",
                (
                    r"^invalid domain(?: name)?\b(?! (?:in|of|part|mailbox|user|account|recipient))",
                    r"(?:command|helo|ehlo) (?:arguments?|parameters?) ?[.;:,]? ?invalid domain\b",
                ),
            ),
        ),
        reply_as=Reason.SENDER_BLOCKED,
    ),
    Family(
        "domain_not_found",
        Reason.DOMAIN_NOT_FOUND,
        "RFC 3463 X.1.2, X.1.10, RFC 7505; Sendmail 'Host unknown', Postfix 'Host or domain name not found', Exim, qmail",
        (
            (
                "domain+acti|clos|inac|disa|deac|vali|use",
                (
                    r"domain (?:name )?(?:is |was |has been )?(?:not active|inactive|closed|disabled|deactivated|(?:not|no longer) in use)\b",
                    r"not a valid (?:mail |e ?mail )?domain\b",
                ),
            ),
            (
                "reserved",
                (
                    r"(?:recipient|address|domain|tld) (?:\w+ ){0,3}?reserved (?:by|in|under|per|for|name)\b",
                    r"reserved (?:top level )?(?:domain|tld)\b",
                ),
            ),
            (
                "host|exchanger|server+no|foun",
                (
                    r"no (?:valid |mail |known )*(?:host|hosts|exchangers?) (?:\w+ ){0,2}?(?:for|in) (?:\w+ )?domain",
                    r"found no (?:mail )?(?:host|hosts|exchangers?|server)",
                ),
            ),
            (
                "servname|nodename",
                (r"nodename nor servname",),
            ),
            (
                "domain+host|serv|hand|acce|proc|prov|loca|know|conf|resp|oper",
                (
                    r"(?:do|does)(?: ?not|nt) (?:host|serve|handle) (?:this|that|the|such) domain",
                    r"not responsible for (?:\w+ ){0,2}?domain",
                    r"(?:do|does)(?: ?not|nt) operate (?:with |for )?(?:this|that|the|such) (?:given |specified )?domain\b",
                    r"(?:do|does)(?: ?not|nt) (?:host|serve|handle|accept|process|provide) (?:\w+ ){0,3}?(?:for|to) (?:this|that|the|such|your)? ?domain",
                    r"domain (?:is )?(?:not|no longer|isnt) (?:hosted|served|handled|accepted|local|known|configured) (?:here|at|on|by)",
                ),
            ),
            (
                "domain+exis",
                (r"domain (?:name )?(?:may|might|seems|appears) not (?:to )?exist",),
            ),
            (
                "domain+know|here|ours",
                (r"(?:not|no) (?:an? )?(?:\w+ )?domain (?:\w+ )?(?:we know|known|here|of ours)\b",),
            ),
            (
                "domain+expi|susp|park|dele|disc|ceas",
                (
                    r"domain (?:name |of (?:the )?recipient )?(?:has |is |was |has been )(?:expired|suspended|parked|deleted|discontinued|ceased)",
                ),
            ),
            (
                "domain+reci|dest|to",
                (
                    r"domain (?:name )?(?:in|of|part of) (?:the |this |your )?(?:recipients?|destination|to)(?: e ?mail)?(?: address)? (?:\w+ ){0,3}?(?:not found|not be found|not exist|doesnt exist|not resolve|be resolved|unknown|invalid)",
                ),
            ),
            (
                "dns|lookup|look|name|mx+hard|perm|fata|fail|targ|dest|reci",
                (
                    r"(?:hard|permanent|fatal) (?:dns|name ?server|look ?up|mx) (?:\w+ )?(?:error|failure)",
                    r"dns hard (?:error|failure)",
                    r"dns (?:error|failure) (?:with|on|for|of|in) the (?:target|destination|recipients?) domain\b",
                    r"(?:host|domain|name|mx|address) look ?up (?:\w+ )?failed (?:permanently|for good)",
                ),
            ),
            ("nowhere", (r"nowhere to deliver",)),
            (
                "authoritative",
                (r"host not found (?:\. )?authoritative",),
            ),
            (
                "domain|host",
                (
                    r"(?:domain|host) \w+ \. \w+ (?:\. \w+ )?(?:does not exist|doesnt exist|not found|not be found|is unknown|unknown|is invalid)",
                ),
            ),
            (
                "domain|domane|domainname|empfangerdomain|empfangerdomane|zieldomain|zieldomane",
                (
                    r"(?:(?:empfanger|ziel)?(?:domain|domane)|domainname) (?:\w+ ){0,4}?(?:existiert nicht|unbekannt|nicht gefunden|gibt es nicht|ungultig|nicht vorhanden)",
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
                "data|dns",
                (
                    r"no (?:data|answer|records?) by dns",
                    r"no dns (?:mx |a |aaaa )?(?:data|records?|answer)\b",
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
        "address_literal",
        Reason.ADDRESS_MALFORMED,
        "RFC 5321 §4.1.3: under a code X.1.X the recipient's address has an IP address for a domain; else HELO has",
        (("literal|literals+addr|doma|ip", (r"(?:address|domain|ip|ipv4|ipv6) literals?\b",)),),
        reply_as=Reason.SENDER_BLOCKED,
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
                "forward|forwardpath+synt|inva|bad|malf|miss|erro",
                (
                    r"(?:syntax|error|invalid|bad|malformed|missing) (?:error )?(?:in )?(?:the )?forward ?path\b",
                    r"forward ?path (?:\w+ ){0,2}?(?:syntax|invalid|bad|malformed|missing)\b",
                ),
            ),
            (
                "sign|character|characters+loca",
                (r"(?:at sign|special characters?|characters?) (?:\w+ )?in (?:the )?local ?part\b",),
            ),
            ("specify|include|missing+doma", (r"(?:must|need to|should) (?:specify|include) (?:a |the )?domain\b",)),
            (
                "local",
                (r"(?:missing|malformed|empty|illegal) (?:(?:or|missing|malformed|empty|illegal) ){0,2}local ?part",),
            ),
            (
                "hostname",
                (r"hostname required",),
            ),
            (
                "syntax|malformed|rfc|format|illegal|characters|character|numeric|qualified|incomplete|formatted|error|only",
                (
                    r"(?:bad|invalid|illegal|malformed|incorrect|wrong|improper) (?:\w+ )?(?:recipient |mailbox |destination |e ?mail |rcpt |to |mail )?(?:address|mail ?box|recipient)(?: \w+)? (?:syntax|format)",
                    r"(?:syntax error|bad syntax|invalid syntax|error) in (?!reply )(?:\w+ ){0,3}?(?:recipient|rcpt|address|mail ?box|to)\b",
                    r"(?:recipient|mail ?box|rcpt|destination|address|local part) (?:\w+ ){0,3}?(?:syntax error|syntax|malformed|badly formatted|incorrectly formatted|bad format|not fully qualified|illegal characters?|invalid characters?|contains? (?:an? )?(?:illegal|invalid|bad) character\w*|unsupported characters?)",
                    r"malformed (?:recipient|address|mail ?box|e ?mail address|to)",
                    r"(?:need|must|should|requires?) (?:\w+ ){0,3}?fully qualified (?:address|recipient|mail)",
                    r"fully qualified (?:e ?mail |recipient )?address (?:is )?(?:needed|required|expected)",
                    r"(?:illegal|invalid|bad|restricted|forbidden|unsupported|disallowed|unexpected) characters? in (?:\w+ ){0,2}?(?:address|recipient|mail ?box|local)",
                    r"(?:invalid|bad|illegal) (?:address|mail ?box|recipient) (?:format|syntax)",
                    r"domain missing or malformed",
                    r"not a valid rfc \d+ address",
                    r"numeric domain",
                    r"only one at",
                ),
            ),
            ("qualify|unqualified", (r"unqualified (?:recipient|address)",)),
            (
                "address|recipient|rcpt|mailbox|local+long|shor|empt|blan|qual|impr",
                (
                    r"(?:recipient|rcpt|mailbox name|address|local ?part) (?:is |was )?too (?:long|short)\b",
                    r"(?:empty|blank|improper) (?:recipient|rcpt)(?: address)?\b",
                    r"(?:recipient|rcpt)(?: address)? (?:must|needs to|should|has to) be (?:fully )?qualified\b",
                ),
            ),
            ("malformee|syntaxe", (r"syntaxe (?:\w+ ){0,3}?(?:invalide|incorrecte)",)),
            (
                "caracteres|caractere|zeichen|caratteri|znaki|tekens|caracter+adre|dire|ende|indi|empf|dest",
                (
                    r"(?:caracteres?|zeichen|caratter[ei]|znak\w|tekens?|caracter) (?:\w+ ){0,6}?(?:adress?e?n?|direccion|endereco|indirizzo|empfanger\w*|destinat\w+|destinataire)\b",
                    r"(?:ungultig\w*|unerlaubt\w*|illegal\w*) zeichen (?:\w+ ){0,3}?(?:adresse|empfanger\w*)",
                ),
            ),
        ),
        message_as=Reason.SENDER_AUTHENTICATION,  # an address in the header, since the recipient was accepted
    ),
    Family(
        "unknown_user",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 3463 X.1.1; Postfix, Exim, Sendmail, qmail, Courier, Domino, Exchange, Gmail, Yahoo, GMX, QQ, Mail.ru, Yandex",
        (
            (
                "know|have|here|ours",
                (
                    r"(?:dont|do not|doesnt|does not) (?:know|have) (?:this|that|the|any such|such an?) (?:user|recipient|mailbox|address|account|person)",
                    r"(?:user|recipient|person|addressee|mailbox) (?:is )?not here\b",
                    rf"{BOX} (?:\w+ )?(?:is |are )?not (?:one of )?ours\b",
                    rf"{BOX} (?:\w+ )?(?:is |are |does |do )?(?:not|no longer|doesnt|isnt) (?:live|lives|reside|resides|hosted|housed|served|handled) here\b",
                ),
            ),
            ("accepted|recipients", (r"^no (?:valid )?recipients?(?: accepted| found| specified)?(?=$| \.)",)),
            (
                "mail|email|message+acce|deli|rece",
                (
                    r"^(?:mail|email|messages?) (?:to|for) (?:is |was )?not (?:accepted|delivered|received)(?= here|$| \.)",
                ),
            ),
            (
                "deliverable|undeliverable|routable|unroutable",
                (r"^(?:is |was )?(?:not (?:deliverable|routable)|undeliverable|unroute?able)\b",),
            ),
            (
                "find+ldap|dire|data|tabl|list|pass",
                (
                    r"(?:could not|couldnt|cannot|cant|unable to|failed to|did not) find (?:\w+ ){0,3}?in (?:the |our )?(?:\w+ )?(?:ldap|directory|database|table|list|passwd)\b",
                ),
            ),
            (
                "our|own|address|addresses|user|member|customer|mailbox|account|recipient|employee",
                (
                    r"^is not (?:one |any )?(?:of )?(?:our|ours|an?|any) (?:\w+ ){0,2}?(?:own|address(?:es)?|users?|members?|customers?|mailbox(?:es)?|accounts?|recipients?|employees?)\b",
                ),
            ),
            ("local", (r"^no local (?:user|mailbox|account|recipient)s?\b",)),
            ("id", (r"no such id\b",)),
            (
                "list|lists+such|unkn|nonexistent|subs|memb",
                (
                    r"(?:no such|unknown|nonexistent) (?:mailing )?lists?\b",
                    r"lists? (?:\w+ ){0,3}?(?:has|have|with) no (?:subscribers|members)\b",
                ),
            ),
            ("record", (r"no record of\b(?! (?:your|the sender))",)),
            (
                "subscribers|users|customers|members+one",
                (r"(?:is not|isnt|not) one of (?:our|the) (?:\w+ )?(?:subscribers|users|customers|members)\b",),
            ),
            (
                "valid+reci|addr|mail|user",
                (r"valid (?:(?!sender)\w+ )?(?:recipients?|address|mailbox|user) (?:is |are )?required\b",),
            ),
            (
                "noreply|donotreply|reply|unattended|unmonitored|monitored|attended|only+addr|mail|acco|inbo|user",
                (
                    r"(?<!from )(?<!from an )(?<!from a )(?:no ?reply|(?:do not|dont|donot) ?reply|donotreply|unattended|unmonitored|send only|outgoing only|outbound only) (?:e ?mail )?(?:address|mailbox|account|inbox|user)\b",
                    r"(?:address|mailbox|account|inbox) (?:is |was )?(?:not (?:being )?(?:monitored|attended)|unmonitored|unattended)\b",
                ),
            ),
            (
                "addressed|misaddressed|addresed",
                (
                    r"(?:in|not )correctly addressed\b",
                    r"(?:wrongly|improperly|not (?:been )?properly|mis) ?addressed\b",
                ),
            ),
            ("unknown", (r"^(?:is )?unknown(?=$| \.| see\b)",)),
            ("used", (r"^(?:is |was )?not used(?=$| \.)",)),
            (
                "accepted|allowed|permitted|refused|rejected+reci|user|mail|addr|acco",
                (
                    r"mails? (?:to|for) (?:this|that|the|such an?) (?:recipient|user|mailbox|address|account) (?:is |are |was )?(?:not (?:accepted|allowed|permitted)|refused|rejected)(?=$| \.| here\b)",
                ),
            ),
            (
                "allowed|permitted+reci|acco|user|mail|deli",
                (
                    r"^(?:sorry )?(?:this |that |the )?(?:recipient|account|mailbox) (?:is )?not (?:allowed|permitted)(?=$| \.)",
                    r"^(?:\w+ )?delivery (?:to (?:this |that )?(?:user|recipient|account|address|mailbox) )?(?:is )?not allowed(?: to this (?:address|user|recipient|mailbox|account))?(?=$| \.)",
                ),
            ),
            ("found", (r"^(?:was )?not found(?=$| \.)",)),
            (
                "no|user+user|reci|mail|addr|acco|alia",
                (
                    r"(?:users?|recipient|mail ?box|address|account|alias|mail user) no (?:such |be )?(?:found|exists?|valid|known|longer exists?)\b",
                ),
            ),
            (
                "mail|email+have|has|no|dont|do",
                (
                    r"(?:have|has|having|had) no (?:e ?mails?|mails?)(?: here|$| \.| for (?:that|this|the|such|any))",
                    r"(?:do not|dont|does not|doesnt) have (?:any )?(?:e ?mail|mail) (?:here|at|on|in|with)\b",
                    r"no (?:e ?mail|mail) (?:account|box|address|user) (?:\w+ ){0,2}?(?:by|with|of) (?:that|this)",
                ),
            ),
            (
                "list|directory|table|map|database+reci|user|addr|acco|mail|rcpt|e|emai|virt|alia|loca|inbo|dest|dist|grou|subs|cust|pers|empl",
                (
                    rf"(?:{BOX}|rcpt) (?:\w+ )?(?:is |was )?(?:not|isnt) (?:listed |found |present )?(?:in|on) (?:the |our |my |this )?(?:\w+ )?(?:list|directory|table|map|database)\b",
                ),
            ),
            (
                "user|recipient|member|customer+this|our|the|that",
                (
                    r"not (?:an? |the )?(?:valid |local |known )?(?:users?|recipients?|members?|customers?) (?:of|on|at|in|for) (?:this|our|the|that) (?:\w+ )?(?:server|system|domain|host|organi[sz]ation|service)",
                ),
            ),
            (
                "correspond|match|belong|map|resolve|lead|point|identify+user|reci|addr|acco|mail|alia|name|rcpt",
                (
                    r"(?:address|recipient|alias|name|rcpt) (?:does not|doesnt|do not|did not|didnt|not) (?:correspond|match|belong|map|resolve|lead|point|identify) (?:to |with )?(?:a |an |any |our )?(?:\w+ ){0,2}?(?:user|recipient|account|mailbox|person|customer|entry)s?\b",
                ),
            ),
            (
                "misspelled|misspelt|mistyped|incorrect|wrong+addr|reci|user|mail",
                (
                    r"(?:address|recipient|user ?name) (?:\w+ ){0,5}?(?:misspelled|misspelt|mistyped)",
                    r"(?:misspelled|misspelt|mistyped) (?:the |this |an? )?(?:recipients? )?(?:e ?mail )?(?:address|user ?name)\b",
                    r"(?:sent|delivered|addressed|send) to (?:an? |the )?(?:wrong|incorrect|misspelled) (?:\w+ )?(?:address|recipient|user)",
                ),
            ),
            (
                "found|identified|located|known+reci|user|addr|acco|mail",
                (
                    r"(?:recipients?|users?|address(?:es)?|accounts?|mail ?box(?:es)?) (?:cant|cannot|could not|couldnt|can not|isnt|arent|wasnt) (?:be )?(?:found|located|identified|known)\b",
                ),
            ),
            (
                "deliver|delivers+mail|mess|emai",
                (
                    r"(?:cannot|cant|can not|do not|dont|does not|doesnt) deliver (?:any )?(?:mails?|messages?|emails?) (?:for|to)(?=$| \.)",
                ),
            ),
            (
                "accept|accepted+user|reci|mail|rcpt|addr",
                (
                    r"(?:cannot|cant|can not|do not|dont|will not|wont|does not|doesnt) accept (?:this |that |such |the )?(?:user|recipient|mailbox|rcpt|address)(?=$| \.)",
                ),
            ),
            ("rcpt", (r"rcpt (?:to )?(?:is |was )?(?:rejected|refused|invalid|not found|not exist)(?=$| \.)",)),
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
                    rf"{BOX} (?:\w+ ){{0,3}}?(?:unknown|unrecogni[sz]ed|unlisted)\b{NO_FAULT_WORD}",
                    rf"(?:unknown|unrecogni[sz]ed|unlisted)\b{NO_FAULT_WORD} (?:(?:or|and|illegal|invalid|local|virtual|mail|e|email|destination|recipient|target|delivery|final|to|user|smtp|rcpt|non|existent|disabled|inactive) ){{0,4}}?{BOX}\b(?! error)",
                    r"unknown (?:to (?:this|our|the|us)\b|here|at this|in (?:this|our|the|virtual|local|relay))",
                    r"rcpt (?:to )?unknown",
                ),
            ),
            (
                "such|nobody|name|names|one|noone|customer|customers|member|subscriber|registered|available|mailbox|account|person|user|recipient",
                (
                    rf"no such (?:\w+ ){{0,2}}?(?:{BOX}|user|person|name|box|entry|object|mail)",
                    r"(?:nobody|no ?one|no mail ?box|no user|noone|no account|no person) (?:\w+ ){0,3}?(?:by|with|of) (?:that|this) (?:name|address|e ?mail|account|user ?name|id)",
                    r"no such (?:user|address|recipient|mail ?box|account)",
                    r"by that name",
                    r"not (?:an? |our |an? known |an? registered |a valid )(?:customers?|users?|members?|subscribers?|local user|recipients?)\b",
                    r"no (?:e ?mail |mail |valid |user |local )?(?:mail ?box|account|mail ?drop|mail box) (?:available|found|exists|configured|defined)",
                    r"no (?:correct|valid|acceptable) recipients?",
                ),
            ),
            (
                "exist|exists|existing|existent|existant|nonexistent|nonexist|inexistent|nonexisting|exsit|exit+acco|addr|alia|cust|grou|dist|dest|didn|does|dont|emai|empl|inbo|loca|mail|no|non|not|pers|reci|subs|user",
                (
                    rf"{BOX} {GAP}{DO_NOT} (?:\w+ )?(?:exists?|existing|exsits?)\b",
                    rf"{BOX} {GAP}(?:non ?exist\w*|inexistent|not existent|not existing)",
                    rf"(?:non ?existent|inexistent|non ?existing|non ?exist) (?:\w+ ){{0,2}}?{BOX}",
                    r"(?:does not|doesnt|does nt|doesn t|do not|dont|didnt|did not|not|no) exists?\b",
                    r"no longer exists?",
                    r"exist not",
                ),
            ),
            (
                "found|locate|located|find|lookup|match|matching",
                (
                    rf"{BOX} (?:\w+ ){{0,5}}?{NOT} (?:\w+ )?(?:found|located|matched)",
                    rf"(?:could not|couldnt|cannot|cant|can not|unable to|failed to|not) (?:find|locate|match) (?:\w+ ){{0,4}}?{BOX}\b(?! (?:database|server|store|file|table|list|quota))",
                    rf"no (?:\w+ ){{0,2}}?{BOX} (?:\w+ ){{0,2}}?found",
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
                    rf"{BOX} (?:\w+ ){{0,5}}?(?:{NOT}) (?:\w+ ){{0,2}}?(?:known|recogni[sz]ed|registered|listed|local|located)\b",
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
                    r"(?:undeliverable|unrouteable|unroutable|undelivrable|unresolvable) (?:\w+ )?(?:address|recipient|mail ?box)",
                    r"(?:address|recipient|mail ?box) (?:(?!domain|server|host|system|network)\w+ ){0,2}?(?:undeliverable|unrouteable|unroutable|not deliverable|unreachable|not routable)",
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
                    r"(?:utente|destinatari\w|destin(?: \.)?|indirizzo|casella|account) (?:\w+ ){0,4}?(?:sconosciut\w|non esiste|inesistente|errat\w|non trovat\w|non valid\w)",
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
)
