# ruff: noqa: E501, RUF001 - each wording stays whole on its line, and some alphabets look alike
"""Other languages than English: the sender's machines and limits, and unknown users."""

from undelivered.domain.classification.family import Family
from undelivered.domain.taxonomy import Reason

# The sender's machines in German, French, Spanish, Portuguese and Italian: what is said of them is said of us.
_POSSESSIVE = "ihr|ihre|ihrer|dein|deine|votre|vos|su|sus|seu|sua|tuo|tua|suo|vostro|vostra|uw"
_MACHINES = "server|mailserver|serveur|servidor|domain|domane|domaine|dominio|ip|ipadresse|host|rechner|netz|netzwerk|reseau|red|rede|rete"
SENTENCES: tuple[Family, ...] = (
    Family(
        "our_machines_other_languages",
        Reason.SENDER_BLOCKED,
        "RFC 3463 X.7.1, X.1.8 in other languages: what is said of the sender's machines and domain",
        (
            (
                f"{_POSSESSIVE}|sendende|sendender+{_MACHINES}|direccion|adresse|endereco|indirizzo",
                (
                    rf"(?:{_POSSESSIVE}|sendender?) (?:(?:direccion|adresse|endereco|indirizzo) )?(?:{_MACHINES})(?: adresse)? (?:\w+ ){{0,4}}?(?:nicht|kein\w*|gesperrt|blockiert|unbekannt|abgelehnt|liste|sperrliste|pas|bloquee?|refusee?|rejetee?|inconnue?|inexistante?|no|non|nao|bloquead[oa]|rechazad[oa]|desconocid[oa]|lista|rejeitad[oa]|desconhecid[oa]|bloccat[oa]|rifiutat[oa]|sconosciut[oa]|inexistente)\b",
                ),
            ),
        ),
    ),
    Family(
        "too_much_other_languages",
        Reason.RATE_LIMITED,
        "RFC 3463 X.4.5 in other languages: limits of a time",
        (
            (
                "stundenlimit|tageslimit|limite",
                (
                    r"(?:stunden|tages)limit\b",
                    r"limite (?:horaire|journaliere|quotidienne|por (?:hora|dia)|diario|horario|orario|giornaliero)\b",
                ),
            ),
        ),
    ),
)

WORDINGS: tuple[Family, ...] = (
    Family(
        "unknown_user_other_languages",
        Reason.ADDRESS_NOT_FOUND,
        "RFC 3463 X.1.1 in further languages: the words for a user, a recipient or an address with a negation",
        (
            (
                "benutzer|empfanger|adresse|postfach|mailadresse|emailadresse|konto+kein|nich|nie",
                (
                    r"(?:benutzer|empfanger|adresse|mail ?adresse|emailadresse|postfach|konto) (?:\w+ ){0,4}?(?:nicht|nie) (?:\w+ )?(?:vergeben|existent|angelegt|eingerichtet|vorhanden|ermittelt|gefunden|bekannt)",
                    r"keine? (?:solcher?|solches|solche|derartige\w?) (?:benutzer|empfanger|adresse|postfach|konto)",
                ),
            ),
            (
                "utilisateur|destinataire|boite|compte|adresse|usager|dutilisateur|dadresse|dusager+aucu|pas|exis|inco|inex|nest|nexi|n",
                (
                    r"(?:aucune? |pas d ?|pas de )(?:utilisateur|destinataire|boite|compte|adresse|usager)",
                    r"(?:utilisateur|destinataire|boite|compte|adresse|usager) (?:\w+ ){0,4}?(?:nexiste|n existe|nest pas|inconnue?s?|inexistante?s?)\b",
                ),
            ),
            (
                "usuario|destinatario|cuenta|buzon|casilla|direccion|correo+no",
                (
                    r"(?:usuario|destinatario|cuenta|buzon|casilla|direccion|correo) (?:\w+ ){0,3}?no (?:\w+ )?(?:existe\w*|encontrad[ao]|valid[ao]|registrad[ao]|conocid[ao]|hallad[ao]|localizad[ao])",
                    r"no (?:existe|hay|se encuentra|se encontro) (?:\w+ ){0,3}?(?:usuario|destinatario|cuenta|buzon|casilla|direccion)",
                ),
            ),
            (
                "directorio|diretorio|annuaire|verzeichnis|adressbuch|rubrica|elenco|directory+no|nao|non|nich|pas|nest|figu",
                (
                    r"(?:no|nao|non) (?:se |si |est |esta |e |es |fue |foi )*(?:encuentra|encontrad[oa]|trova|trovat[oa]|figura|existe|present[ei]|aparece|consta|listad[oa]) (?:\w+ ){0,2}?(?:directorio|diretorio|rubrica|elenco|directory)\b",
                    r"(?:pas|nest pas|non) (?:\w+ )?(?:dans|trouvee?|presente?|inscrite?|repertoriee?)(?: dans)? (?:\w+ )?annuaire\b",
                    r"nicht (?:\w+ ){0,2}?(?:im|in) (?:\w+ ){0,2}?(?:verzeichnis|adressbuch)\b",
                    r"(?:im|in) (?:\w+ ){0,2}?(?:verzeichnis|adressbuch) nicht (?:\w+ )?(?:gefunden|vorhanden|enthalten|bekannt)\b",
                ),
            ),
            (
                "usuario|destinatario|conta|caixa|endereco+nao",
                (
                    r"(?:usuario|destinatario|conta|caixa|endereco) (?:\w+ ){0,3}?nao (?:\w+ )?(?:existe\w*|encontrad[ao]|valid[ao]|cadastrad[ao]|localizad[ao]|reconhecid[ao])",
                    r"nao (?:existe|ha|foi encontrad[ao]) (?:\w+ ){0,3}?(?:usuario|destinatario|conta|caixa|endereco)",
                ),
            ),
            (
                "utente|destinatario|casella|indirizzo|destin|account+non|ness|scon|ines",
                (
                    r"(?:utente|destinatario|destin(?: \.)?|casella|indirizzo|account) (?:\w+ ){0,3}?(?:non (?:\w+ )?(?:esist\w+|trovat[oa]|valid[oa]|registrat[oa]|presente|riconosciut[oa])|sconosciut[oa]|inesistente)",
                    r"(?:nessun|nessuna|non esiste (?:\w+ )?) ?(?:utente|destinatario|casella|indirizzo|account)",
                ),
            ),
            (
                "uzytkownik|uzytkownika|adres|adresat|adresata|odbiorca|odbiorcy|konto|konta|skrzynka|skrzynki+nie|brak|niez|niep",
                (
                    r"(?:uzytkownik|adresat|adres|odbiorca|konto|skrzynka) (?:\w+ ){0,3}?(?:nie istnieje|nieznan[ya]|nieprawidlow[ya]|nie zostal\w? znalezion[ya]|nie znalezion[yao])",
                    r"(?:brak|nie ma|nie znaleziono) (?:\w+ )?(?:takiego |takiej )?(?:uzytkownika|adresata|adresu|odbiorcy|konta|skrzynki)",
                ),
            ),
            (
                "gebruiker|ontvanger|postbus|adres|mailbox+onbe|best|niet|geen",
                (
                    r"(?:gebruiker|ontvanger|postbus|adres|mailbox) (?:\w+ ){0,3}?(?:onbekend|bestaat niet|niet gevonden|niet bekend)",
                    r"geen (?:\w+ )?(?:gebruiker|ontvanger|postbus|adres) (?:\w+ ){0,3}?(?:gevonden|bekend|naam)",
                ),
            ),
            (
                "mottagare|mottagaren|anvandare|anvandaren|mottaker|mottakeren|bruker|brukeren|modtager|modtageren|bruger|brugeren|adressen|postkasse+finn|find|okan|ukje|uken|eksi|sakn|ikke|inte",
                (
                    r"(?:mottagaren?|anvandaren?|adressen|mottaker(?:en)?|bruker(?:en)?|modtager(?:en)?|bruger(?:en)?|postkassen?) (?:\w+ ){0,3}?(?:finns inte|finnes ikke|findes ikke|fins ikke|eksisterer ikke|existerar inte|saknas|okand|ukjent|ukendt)",
                    r"(?:okand|ukjent|ukendt) (?:mottagare|anvandare|mottaker|bruker|modtager|bruger|adress)",
                ),
            ),
            (
                "kayttaja|kayttajaa|vastaanottaja|vastaanottajaa|osoitetta|osoite|postilaatikkoa+ei|tunt",
                (
                    r"(?:kayttaja\w?|vastaanottaja\w?|osoite\w{0,2}|postilaatikko\w?) (?:\w+ ){0,2}?(?:ei (?:ole|loydy|tunneta|loytynyt)|tuntematon)",
                ),
            ),
            (
                "felhasznalo|cimzett|postafiok|nincs|cim+ninc|isme|nem",
                (
                    r"nincs (?:ilyen )?(?:felhasznalo|cimzett|postafiok|cim)\w*",
                    r"(?:felhasznalo|cimzett|postafiok|cim) (?:\w+ ){0,3}?(?:nem letezik|nem talalhato|ismeretlen)",
                ),
            ),
            (
                "korisnik|korisnika|primatelj|primalac|adresa|uporabnik|prejemnik|sanduk|postanski+ne|nema|nepo|neob",
                (
                    r"(?:korisnik|primatelj|primalac|adresa|uporabnik|prejemnik) (?:\w+ ){0,3}?(?:ne postoji|ne obstaja|nepoznat[ai]?|neobstojec[ai]?)",
                    r"nema (?:takvog |tog )?(?:korisnika|primatelja|primaoca)",
                ),
            ),
            (
                "uzivatel|prijemce|adresat|schranka|adresa|uzivatelske|pouzivatel|prijemca|jmeno+neex|nezn|nena|nebo",
                (
                    r"(?:uzivatel|pouzivatel|prijemce|prijemca|adresat|schranka|adresa) (?:\w+ ){0,3}?(?:neexistuje|neznam\w|nenalezen\w?|nebola? najden\w)",
                    r"nezname? (?:uzivatelske|uzivatel|jmeno)",
                ),
            ),
            (
                "utilizator|utilizatorul|destinatar|destinatarul|adresa|cutia+exis|inex|necu|gasi",
                (
                    r"(?:utilizator(?:ul)?|destinatar(?:ul)?|adresa|cutia) (?:\w+ ){0,3}?(?:nu exista|inexistent\w?|necunoscut\w?|nu a fost gasit\w?)",
                ),
            ),
            (
                "kullanici|alici|adres+yok|bulu|gece|bili|mevc",
                (
                    r"boyle bir (?:kullanici|alici|adres) (?:\w+ )?(?:yok|bulunamadi|bulunmuyor)\w*",
                    r"(?:kullanici|alici|adres\w*) (?:\w+ ){0,3}?(?:yok|yoktur|bulunamadi|gecersiz|bilinmiyor|mevcut degil)\b",
                ),
            ),
            (
                "χρηστης|παραληπτης|διευθυνση+υπαρ|αγνω|βρεθ|δεν",
                (r"(?:χρηστης|παραληπτης|διευθυνση) (?:\w+ ){0,3}?(?:δεν (?:υπαρχει|βρεθηκε)|αγνωστ\w+)",),
            ),
            (
                "користувача|користувач|одержувача|одержувач|скриньки|адреси|потребител|получател|адресат|корисник+не|няма|немае",
                (
                    r"(?:користувача?|одержувача?|скриньк\w|адрес\w) (?:\w+ ){0,3}?не (?:існує|знаидено|знаидении)",
                    r"(?:такого|немае) (?:користувача|одержувача|адресата) (?:немае|не існує)",
                    r"няма (?:такъв )?(?:потребител|получател|адрес)",
                    r"(?:потребителят?|получателят?) (?:\w+ ){0,2}?не (?:съществува|е намерен)",
                    r"корисник (?:\w+ ){0,2}?не постоји",
                ),
            ),
            (
                "无此|無此|没有该|沒有該|无该|查不到|不是有效|尚未开通|未註冊|未注册|未激活",
                (
                    r"(?:无此|無此|没有该|沒有該|无该|查不到).{0,4}(?:用户|用戶|收件人|邮箱|郵箱|信箱|账号|帐号|帳號|使用者|地址)",
                    r"(?:用户|用戶|收件人|邮箱|郵箱|账号|帐号|帳號|地址).{0,6}(?:尚未开通|未註冊|未注册|不是有效)",
                ),
            ),
            (
                "찾을수|찾을|없는|존재하지|등록되지",
                (
                    r"(?:사용자|수신자|수신인|주소|계정|메일함|편지함).{0,6}(?:찾을 ?수|없는|존재하지|등록되지)",
                    r"(?:없는|존재하지 ?않는) ?(?:사용자|수신자|주소|계정)",
                ),
            ),
            (
                "見つかり|見つから|存在し|登録されて|無効な",
                (
                    r"(?:宛先|あて先|ユーザー?|アドレス|受信者|メールボックス|アカウント).{0,12}(?:見つか(?:り|ら)|存在し(?:ま|な)|登録されていな)",
                    r"無効な(?:宛先|アドレス|受信者)",
                ),
            ),
            (
                "لا|غير|المستخدم|المستلم",
                (r"(?:المستخدم|المستلم|العنوان) (?:\w+ ){0,2}?(?:غير موجود|غير معروف)",),
            ),
        ),
    ),
)
