"""Whole sentences: who is spoken of and what is said of them, in any frame, order and spelling of it."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undelivered.domain.classification import classify_bounce, classify_diagnostic, engine
from undelivered.domain.classification.wordings.glosses import GLOSSES, SKIPPED
from undelivered.domain.taxonomy import Fault, Kind, Reason, suppresses

MAILBOXES = (
    "The mailbox",
    "This account",
    "The recipient's inbox",
    "The person you wrote to",
    "anna@shop.example",
    "Your recipient",
    "The email address you entered",
)
SENDERS = ("Your domain", "The sending server", "Your IP address", "The sender's address", "The return path")
SYSTEMS = ("Our server", "The mail system", "The mail store", "Our directory service", "The backend database")
LETTERS = ("Your message", "The e-mail", "Your letter")
SENTENCES: dict[Reason, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Reason.ADDRESS_NOT_FOUND: (
        MAILBOXES,
        ("isn't one of ours", "is missing from our directory", "is not hosted on this system", "never existed"),
    ),
    Reason.MAILBOX_DISABLED: (
        MAILBOXES,
        (
            "was shut down",
            "is switched off",
            "isn't in use any more",
            "belongs to a former employee",
            "is out of service",
        ),
    ),
    Reason.MAILBOX_FULL: (
        MAILBOXES,
        ("cannot hold any more mail", "has used all available storage", "is at 100% of capacity", "has filled up"),
    ),
    Reason.RECIPIENT_REFUSED: (
        MAILBOXES,
        ("has blocked you", "accepts no messages from unknown senders", "does not wish to hear from you"),
    ),
    Reason.RATE_LIMITED: (
        MAILBOXES,
        (
            "gets messages faster than allowed",
            "has received too many messages today",
            "is over its hourly limit of messages",
        ),
    ),
    Reason.SERVER_UNAVAILABLE: (
        SYSTEMS,
        ("is full", "ran out of disk space", "cannot handle your request", "crashed", "is read-only"),
    ),
    Reason.TIMED_OUT: (
        LETTERS,
        ("was retried for 48 hours without success", "was not delivered in time", "has expired"),
    ),
    Reason.MESSAGE_TOO_LARGE: (LETTERS, ("is bigger than we accept", "exceeds the size limit")),
}
FRAMES = (
    "550 {}",
    "554 5.7.1 {}.",
    "550 Sorry, {}",
    "550 Message rejected: {}",
    "554 5.7.1 Message not accepted. {} (in reply to RCPT TO command)",
    "550 {}, please contact the postmaster of the site",
    "550 We are sorry to inform you that {}",
)
WHOLE: dict[Reason, tuple[str, ...]] = {
    Reason.ADDRESS_NOT_FOUND: (
        "We know of no user called anna",
        "No employee named anna",
        "We were unable to identify the addressee",
        "Check the recipient address, it is not one we know",
        "Verification failed for <anna@shop.example>. Unrouteable address. Recipient verify failed",
    ),
    Reason.MAILBOX_DISABLED: ("We have closed this account", "We no longer serve this mailbox"),
    Reason.MAILBOX_FULL: (
        "Please ask the recipient to empty their mailbox",
        "The user needs to delete messages",
        "This mailbox can no longer receive messages, it is full",
    ),
    Reason.RECIPIENT_REFUSED: (
        "You are not among the contacts of the recipient",
        "You lack permission to write to this recipient",
        "The recipient refused delivery",
        "Rejected by a rule the recipient made",
        "The user's privacy settings forbid mail from strangers",
    ),
    Reason.DOMAIN_NOT_FOUND: (
        "Destination host cannot be identified",
        "The destination domain has lapsed",
        "Recipient domain cannot be found in DNS",
    ),
    Reason.RATE_LIMITED: (
        "Your domain is over its hourly limit of messages",
        "Please send fewer messages per connection",
        "Please slow down",
    ),
    Reason.TIMED_OUT: ("The message could not be passed on in five days",),
    Reason.MESSAGE_TOO_LARGE: ("Please reduce the size of your attachment",),
    Reason.SERVER_UNAVAILABLE: (
        "Database outage",
        "The remote host hung up",
        "Unable to relay recipient: mail loop detected",
        "We are under heavy load",
    ),
    Reason.CONTENT_REJECTED: (
        "Executable files may not be sent to our users",
        "This server does not forward mail for other people",
        "Encrypted archives are turned away",
        "Macro-enabled documents are blocked",
    ),
    Reason.SENDER_AUTHENTICATION: ("Your host may not send on behalf of shop.example",),
}
RARE_WORDS: dict[Reason, tuple[str, ...]] = {
    Reason.ADDRESS_NOT_FOUND: ("The pupil you wrote to is not enrolled here", "Letterbox anna was not found"),
    Reason.MAILBOX_DISABLED: ("Mailbox wiped after contract end",),
    Reason.MAILBOX_FULL: ("Letterbox overflowing", "The person's inbox is packed"),
    Reason.RECIPIENT_REFUSED: ("The addressee has barred you",),
    Reason.CONTENT_REJECTED: ("Trojan found in the letter",),
    Reason.SERVER_UNAVAILABLE: ("Our cluster is swamped",),
}
OTHER_LANGUAGES: dict[Reason, tuple[str, ...]] = {
    Reason.ADDRESS_NOT_FOUND: (
        "Das Postfach konnte nicht gefunden werden",
        "L'adresse du destinataire n'a pas été trouvée",
        "El buzón no se ha encontrado",
        "O endereço do destinatário não foi encontrado",
        "L'utente è sconosciuto",
        "Das Empfängerpostfach gibt es hier nicht",
        "Esta dirección nunca fue creada",
        "Het adres van de ontvanger is ongeldig",
        "Адрес получателя неверен",
    ),
    Reason.MAILBOX_DISABLED: (
        "Das Benutzerkonto wurde gelöscht",
        "Le compte du destinataire n'est plus actif",
        "La cuenta del destinatario ya no está activa",
        "A caixa postal foi excluída",
        "L'account è stato chiuso",
        "Der Account ist erloschen",
        "L'abonné a été résilié",
        "De mailbox is opgeheven",
        "Konto odbiorcy zostało zamknięte",
    ),
    Reason.MAILBOX_FULL: (
        "Das Postfach hat keinen Speicherplatz mehr",
        "La boîte n'a plus d'espace",
        "El buzón no tiene espacio",
        "A caixa do destinatário não tem espaço",
        "La casella ha superato la quota",
        "Das Postfach ist randvoll",
        "La bandeja de entrada ha alcanzado su límite",
        "De postbus van de ontvanger heeft geen ruimte meer",
        "Ящик получателя превысил квоту",
    ),
    Reason.SENDER_BLOCKED: (
        "Ihre Domain existiert nicht",
        "Votre adresse IP n'est pas acceptée",
        "Su servidor no está autorizado",
        "Seu domínio é desconhecido",
        "Il tuo dominio è bloccato",
        "Su red tiene mala reputación",
        "Uw domein wordt niet geaccepteerd",
        "Ваш домен не существует",
        "Nie przyjmujemy poczty z twojego serwera",
    ),
    Reason.CONTENT_REJECTED: (
        "Le message a été refusé par le filtre",
        "El mensaje fue rechazado por el filtro",
        "A mensagem foi rejeitada pelo filtro",
        "Il messaggio è stato rifiutato dal filtro",
    ),
    Reason.MESSAGE_TOO_LARGE: ("Ihre E-Mail ist zu groß", "La mensagem é muito grande", "Bericht is te groot"),
    Reason.RATE_LIMITED: ("Sie haben das Stundenlimit erreicht", "Vous avez atteint la limite horaire"),
    Reason.SERVER_UNAVAILABLE: (
        "Das System wird gerade gewartet",
        "Notre serveur est en panne",
        "El servicio está sobrecargado",
        "O sistema está em manutenção",
        "Il servizio non è disponibile",
        "Het systeem is in onderhoud",
        "Serwer jest przeciążony",
        "Сервер перегружен",
    ),
}
ABOUT_US = (
    "Your user does not exist",
    "The account that sent this is disabled",
    "Sending mailbox over quota",
    "Return address has no mailbox",
    "The address in the envelope sender was not found",
    "Mailbox not found at the sending domain",
    "The mailbox you claim to write from is unknown at its own server",
    "Client address is unknown",
    "The account sending this message is unknown",
    "You are not a known customer",
    "Your server sent mail to unknown users",
    "Login failed, account disabled",
    "The recipient's company does not accept mail from you",
    "Client host [192.0.2.1] blocked using Customer Block list",
)
CASES = [
    *(
        (reason, f"{who} {what}")
        for reason, (whom, said) in SENTENCES.items()
        for who, what in itertools.product(whom, said)
    ),
    *((reason, sentence) for reason, sentences in WHOLE.items() for sentence in sentences),
]
TRANSLATED = [
    (reason, sentence)
    for table in (OTHER_LANGUAGES, RARE_WORDS)
    for reason, sentences in table.items()
    for sentence in sentences
]
DEAD = [sentence for reason, sentence in CASES if reason in {Reason.ADDRESS_NOT_FOUND, Reason.MAILBOX_DISABLED}]


def read(text: str):
    return classify_bounce("Permanent", "General", f"smtp; {text}", None)


@pytest.mark.parametrize(("reason", "sentence"), CASES)
def test_a_sentence_means_its_reason_in_every_frame(reason: Reason, sentence: str) -> None:
    assert {frame: read(frame.format(sentence)).reason for frame in FRAMES} == dict.fromkeys(FRAMES, reason)


@pytest.mark.parametrize(("reason", "sentence"), TRANSLATED)
def test_a_sentence_means_its_reason_in_other_languages_and_in_rare_words(reason: Reason, sentence: str) -> None:
    for frame in ("550 {}", "554 5.7.1 <anna@shop.example>: {}. (in reply to RCPT TO command)"):
        assert read(frame.format(sentence)).reason is reason, frame


@pytest.mark.parametrize("sentence", DEAD)
def test_what_is_so_only_for_now_is_soft(sentence: str) -> None:
    assert classify_diagnostic(f"smtp; 450 {sentence}", None, 450).kind is Kind.SOFT


@given(
    st.sampled_from(CASES),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from(
        ["{}", "{} !", "<<{}>>", "*** {} ***", "Error 17 - {}", "mx1.shop.example: {}", "{}\r\nSession closed."]
    ),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_case_punctuation_and_names_change_nothing(case, spelled, frame) -> None:
    reason, sentence = case
    assert read(f"550 {frame.format(spelled(sentence))}").reason is reason


@given(
    st.sampled_from(CASES),
    st.sampled_from(["unfortunately", "currently", "apparently", "obviously"]),
    st.integers(0, 12),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_filler_anywhere_in_a_sentence_changes_nothing(case, filler, place) -> None:
    reason, sentence = case
    words = sentence.split()
    assert read(f"550 {' '.join([*words[:place], filler, *words[place:]])}").reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 No a1b2c3 such jo user in our house", Reason.ADDRESS_NOT_FOUND),
        ("550 Unknown the local jo part", Reason.ADDRESS_NOT_FOUND),
        ("501 The recipient jo address must this contain any domain", Reason.ADDRESS_MALFORMED),
        ("554 Too our many results were returned", Reason.SERVER_UNAVAILABLE),
        ("550 5.7.1 Unknown the local jo part", Reason.ADDRESS_NOT_FOUND),
        ("550 5.7.26 Unknown the local jo part", Reason.SENDER_AUTHENTICATION),
    ],
)
def test_names_and_small_words_within_a_known_wording_are_passed_over_and_codes_come_first(text, reason) -> None:
    assert read(text).reason is reason


@pytest.mark.parametrize("what", ["does not exist", "was not found", "is unknown", "has been closed", "is suspended"])
def test_the_same_words_of_a_sender_and_of_a_recipient_have_two_faults(what: str) -> None:
    for who in MAILBOXES:
        assert read(f"550 {who} {what}").fault is Fault.RECIPIENT, who
    for who in SENDERS:
        assert read(f"550 {who} {what}").fault is Fault.SENDER, who
        assert not suppresses(read(f"550 {who} {what}"))


@pytest.mark.parametrize("sentence", ABOUT_US)
def test_what_is_said_of_us_gives_up_nobody_though_it_speaks_of_mailboxes(sentence: str) -> None:
    for frame in (
        "550 {}",
        "554 5.7.1 {}.",
        "550 Requested action not taken: mailbox unavailable. {}",
        "550 Error: {}",
    ):
        judged = read(frame.format(sentence))
        assert judged.fault is Fault.SENDER, frame
        assert not suppresses(judged)


@pytest.mark.parametrize("who", SYSTEMS)
@pytest.mark.parametrize("what", ["is full", "is not available", "could not be reached", "had an internal error"])
def test_what_is_said_of_the_receiving_system_gives_up_nobody(who: str, what: str) -> None:
    judged = read(f"550 {who} {what}")
    assert judged.fault is Fault.UNKNOWN
    assert not suppresses(judged)


def test_glosses_are_of_words_as_texts_are_folded_and_each_word_has_one() -> None:
    words = [word for glossed in GLOSSES.values() for word in glossed.split()]
    assert [word for word in words if word != engine._folded(word)] == []
    assert [word for word in words if word.endswith("*") and len(word) <= len("four")] == []
    assert [word for word in words if words.count(word) > 1] == []
    assert [word for word in SKIPPED.split("|") if word in words] == []
