"""What a failure means and what to do about it, in words for managers."""

from collections.abc import Mapping

from undelivered.domain.taxonomy import Channel, Classification, Fault, Kind, Reason

_EXPLANATIONS: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "The e-mail address does not exist.",
    Reason.DOMAIN_NOT_FOUND: "The part of the address after the @ does not exist or takes no mail.",
    Reason.ADDRESS_MALFORMED: "The address is written in a way that no mail server accepts.",
    Reason.NUMBER_INVALID: "The phone number does not exist.",
    Reason.MAILBOX_DISABLED: "The mailbox exists no longer or is closed.",
    Reason.RECIPIENT_REFUSED: "The recipient's own rules or mail system refuse our messages.",
    Reason.MAILBOX_FULL: "The recipient's mailbox is full.",
    Reason.UNREACHABLE: "The recipient could not be reached.",
    Reason.SERVER_UNAVAILABLE: "The recipient's mail server was out of order or could not be reached.",
    Reason.TIMED_OUT: "It could not be delivered in time, after many tries.",
    Reason.UNDETERMINED: "It was returned, and the answer does not say why.",
    Reason.MESSAGE_TOO_LARGE: "The message is larger than the recipient's server takes. The address is good.",
    Reason.CONTENT_REJECTED: "The recipient's server took the content for unwanted. The address is good.",
    Reason.SENDER_BLOCKED: "The recipient's server refuses mail from us, the senders. The address is good.",
    Reason.SENDER_AUTHENTICATION: "The recipient's server could not verify that we sent it. The address is good.",
    Reason.RATE_LIMITED: "We sent more at once than the recipient's server takes. The address is good.",
    Reason.CARRIER_BLOCKED: "The carrier's filter stopped it for what it says or who sent it. The number is good.",
    Reason.COMPLAINT: "It arrived, and the recipient marked it as spam.",
    Reason.SUPPRESSED_BOUNCE: "It was not sent: earlier messages to this address came back.",
    Reason.SUPPRESSED_COMPLAINT: "It was not sent: the recipient marked an earlier message as spam.",
    Reason.UNSUBSCRIBED: "It was not sent: the recipient has unsubscribed.",
    Reason.OPTED_OUT: "It was not sent: the recipient has refused such messages.",
    Reason.REJECTED: "Our mail service refused to send it, because it took the content for harmful.",
    Reason.RENDERING_FAILED: "The message could not be put together from its template.",
    Reason.SPEND_LIMIT: "Our spending limit for text messages is used up.",
    Reason.PRICE_LIMIT: "It would have cost more than the price we allow for one message.",
    Reason.BODY_INVALID: "The text of the message cannot be sent.",
    Reason.SENDING_PAUSED: "Our own settings or our provider have stopped this kind of sending.",
    Reason.SENDING_INTERRUPTED: "Sending was broken off. It may have left or not.",
}

_EXPLANATIONS_OF_TEXTS: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "The phone number does not exist.",
    Reason.ADDRESS_MALFORMED: "The phone number is not written as a number can be.",
    Reason.MAILBOX_DISABLED: "The number is no longer in use.",
    Reason.RECIPIENT_REFUSED: "The recipient's phone or carrier refuses our messages.",
    Reason.MAILBOX_FULL: "The recipient's phone has no room for more messages.",
    Reason.UNREACHABLE: "The phone was off or out of coverage.",
    Reason.SERVER_UNAVAILABLE: "The recipient's carrier could not be reached.",
    Reason.TIMED_OUT: "The phone could not be reached in time.",
    Reason.UNDETERMINED: "The carrier did not deliver it and does not say why.",
    Reason.MESSAGE_TOO_LARGE: "The text is longer than the carrier takes. The number is good.",
    Reason.CONTENT_REJECTED: "The carrier took the text for unwanted. The number is good.",
    Reason.SENDER_BLOCKED: "The carrier refuses messages from our number. The recipient's number is good.",
    Reason.RATE_LIMITED: "We sent more at once than the carrier takes. The number is good.",
    Reason.SUPPRESSED_BOUNCE: "It was not sent: the number is on a list of numbers that are not to be sent to.",
    Reason.OPTED_OUT: "It was not sent: the recipient answered STOP or blocks text messages.",
    Reason.REJECTED: "Our text message service refused to send it.",
}

_REMEDIES: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "Look for a typing error, or ask the customer for the right address.",
    Reason.DOMAIN_NOT_FOUND: "Look for a typing error after the @, or ask the customer for the right address.",
    Reason.ADDRESS_MALFORMED: "Correct the spelling of the address.",
    Reason.NUMBER_INVALID: "Look for a typing error, or ask the customer for the right number.",
    Reason.MAILBOX_DISABLED: "Ask the customer for another address.",
    Reason.RECIPIENT_REFUSED: "Ask the customer for another address.",
    Reason.MAILBOX_FULL: "Resend in a few days, or reach the customer by another way.",
    Reason.UNREACHABLE: "Resend later.",
    Reason.SERVER_UNAVAILABLE: "Resend later.",
    Reason.TIMED_OUT: "Check the address for a typing error, then resend.",
    Reason.UNDETERMINED: "Resend. If it comes back again, ask the customer for another address.",
    Reason.MESSAGE_TOO_LARGE: "Make the message or its attachments smaller, then resend.",
    Reason.CONTENT_REJECTED: "Change the wording, links or attachments, then resend.",
    Reason.SENDER_BLOCKED: "Ask your administrator to have the block on our sending lifted, then resend.",
    Reason.SENDER_AUTHENTICATION: "Ask your administrator to check SPF, DKIM and DMARC of our domain, then resend.",
    Reason.RATE_LIMITED: "Resend later.",
    Reason.CARRIER_BLOCKED: "Change the wording or have your administrator register the sender, then resend.",
    Reason.COMPLAINT: "Do not send again. Reach the customer by another way.",
    Reason.SUPPRESSED_BOUNCE: "Ask the customer for another address.",
    Reason.SUPPRESSED_COMPLAINT: "Do not send again. Reach the customer by another way.",
    Reason.UNSUBSCRIBED: "Ask whether the customer wants messages again; record the consent, then resend.",
    Reason.OPTED_OUT: "Ask whether the customer wants messages again; record the consent, then resend.",
    Reason.REJECTED: "Remove what is harmful from the content or attachments, then resend.",
    Reason.RENDERING_FAILED: "Correct the template or its data, then resend.",
    Reason.SPEND_LIMIT: "Ask your administrator to raise the spending limit, then resend.",
    Reason.PRICE_LIMIT: "Ask your administrator to raise the price limit, then resend.",
    Reason.BODY_INVALID: "Correct the text, then resend.",
    Reason.SENDING_PAUSED: "Ask your administrator to allow this sending again, then resend.",
    Reason.SENDING_INTERRUPTED: "Ask the customer whether it arrived; if not, resend.",
}

_REMEDIES_OF_TEXTS: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "Look for a typing error, or ask the customer for the right number.",
    Reason.ADDRESS_MALFORMED: "Correct the number; it starts with + and the country code.",
    Reason.MAILBOX_DISABLED: "Ask the customer for another number.",
    Reason.RECIPIENT_REFUSED: "Ask the customer for another number.",
    Reason.TIMED_OUT: "Resend later.",
    Reason.UNDETERMINED: "Resend. If it fails again, ask the customer for another number.",
    Reason.MESSAGE_TOO_LARGE: "Make the text shorter, then resend.",
    Reason.CONTENT_REJECTED: "Change the wording and links, then resend.",
    Reason.SUPPRESSED_BOUNCE: "Ask the customer for another number.",
    Reason.REJECTED: "Ask your administrator why, then resend.",
}

_FOR_GOOD = {
    Channel.EMAIL: "Ask the customer for another address.",
    Channel.SMS: "Ask the customer for another number.",
}


def explanation(classification: Classification, channel: Channel) -> str:
    """Return what happened, as a sentence a manager understands."""
    of_texts = _EXPLANATIONS_OF_TEXTS.get(classification.reason) if channel is Channel.SMS else None
    return of_texts or _EXPLANATIONS[classification.reason]


def remedy(classification: Classification, channel: Channel) -> str:
    """Return the one thing to do next; it agrees with the rules of ``resend``."""
    if classification.kind is Kind.HARD and classification.fault is not Fault.SENDER:
        return _FOR_GOOD[channel]
    of_texts = _REMEDIES_OF_TEXTS.get(classification.reason) if channel is Channel.SMS else None
    return of_texts or _REMEDIES[classification.reason]
