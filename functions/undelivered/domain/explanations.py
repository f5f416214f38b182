"""Explanations of failures and what to do about them, for managers."""

from collections.abc import Mapping

from undelivered.domain.taxonomy import Channel, Classification, Fault, Kind, Reason

_EXPLANATIONS: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "The email address does not exist.",
    Reason.DOMAIN_NOT_FOUND: "The domain (the part after the @) does not exist or does not accept email.",
    Reason.ADDRESS_MALFORMED: "The email address is not written correctly.",
    Reason.NUMBER_INVALID: "The phone number does not exist.",
    Reason.MAILBOX_DISABLED: "The mailbox no longer exists or has been closed.",
    Reason.RECIPIENT_REFUSED: "The recipient's mail system or settings reject our messages.",
    Reason.MAILBOX_FULL: "The recipient's mailbox is full.",
    Reason.UNREACHABLE: "The recipient could not be reached.",
    Reason.SERVER_UNAVAILABLE: "The recipient's mail server was down or could not be reached.",
    Reason.TIMED_OUT: "The message could not be delivered in time, despite repeated attempts.",
    Reason.UNDETERMINED: "The message bounced, and the recipient's mail server gave no clear reason.",
    Reason.MESSAGE_TOO_LARGE: "The message is larger than the recipient's mail server accepts. The address is fine.",
    Reason.CONTENT_REJECTED: "The recipient's mail server treated the message as spam. The address is fine.",
    Reason.SENDER_BLOCKED: "The recipient's mail server blocks email from us. The address is fine.",
    Reason.SENDER_AUTHENTICATION: "The recipient's mail server could not verify that we sent it. The address is fine.",
    Reason.RATE_LIMITED: "We sent more messages at once than the recipient's mail server allows. The address is fine.",
    Reason.CARRIER_BLOCKED: "The carrier's filter blocked the message for its content or sender. The number is fine.",
    Reason.COMPLAINT: "The message arrived, and the recipient marked it as spam.",
    Reason.SUPPRESSED_BOUNCE: "The message was not sent because earlier messages to this address bounced.",
    Reason.SUPPRESSED_MANUALLY: "The message was not sent because someone on your side suppressed this contact.",
    Reason.SUPPRESSED_COMPLAINT: "The message was not sent because the recipient marked an earlier message as spam.",
    Reason.UNSUBSCRIBED: "The message was not sent because the recipient has unsubscribed.",
    Reason.OPTED_OUT: "The message was not sent because the recipient has opted out.",
    Reason.REJECTED: "Our email service did not send the message because it found harmful content.",
    Reason.RENDERING_FAILED: "The message could not be created from its template.",
    Reason.SPEND_LIMIT: "We have reached our spending limit for text messages.",
    Reason.PRICE_LIMIT: "The message would have cost more than our price limit for one message.",
    Reason.BODY_INVALID: "The message contains text that cannot be sent.",
    Reason.ATTACHMENT_MISSING: "A file of the message is no longer stored, so nothing was sent.",
    Reason.SENDING_REFUSED: "Our provider does not let us send this message. The address is fine.",
    Reason.SENDER_NOT_ALLOWED: "We may not use the sender or the reply-to of this message.",
    Reason.SENDING_PAUSED: "Sending is paused, either by our own settings or by our provider.",
    Reason.SENDING_INTERRUPTED: "Sending was interrupted. The message may or may not have gone out.",
}

_SMS_EXPLANATIONS: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "The phone number does not exist.",
    Reason.ADDRESS_MALFORMED: "The phone number is not written correctly.",
    Reason.MAILBOX_DISABLED: "The number is no longer in use.",
    Reason.RECIPIENT_REFUSED: "The recipient's phone or carrier blocks our messages.",
    Reason.MAILBOX_FULL: "The recipient's phone has no space for more messages.",
    Reason.UNREACHABLE: "The phone was off or out of coverage.",
    Reason.SERVER_UNAVAILABLE: "The recipient's carrier could not be reached.",
    Reason.TIMED_OUT: "The phone could not be reached in time.",
    Reason.UNDETERMINED: "The carrier did not deliver the message and gave no clear reason.",
    Reason.MESSAGE_TOO_LARGE: "The message is longer than the carrier allows. The number is fine.",
    Reason.CONTENT_REJECTED: "The carrier treated the message as spam. The number is fine.",
    Reason.SENDER_BLOCKED: "The carrier blocks messages from our number. The recipient's number is fine.",
    Reason.RATE_LIMITED: "We sent more messages at once than the carrier allows. The number is fine.",
    Reason.SUPPRESSED_BOUNCE: "The message was not sent because this number is on a suppression list.",
    Reason.OPTED_OUT: "The message was not sent because the recipient replied STOP or blocks text messages.",
    Reason.REJECTED: "Our text message service did not accept the message.",
    Reason.ATTACHMENT_MISSING: "A file of the message is no longer stored, so nothing was sent.",
    Reason.SENDING_REFUSED: "Our provider does not let us send this message. The number is fine.",
}

_REMEDIES: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "Check for a typo, or ask the customer for the correct address.",
    Reason.DOMAIN_NOT_FOUND: "Check for a typo after the @, or ask the customer for the correct address.",
    Reason.ADDRESS_MALFORMED: "Check the address for a typo and correct it.",
    Reason.NUMBER_INVALID: "Check for a typo, or ask the customer for the correct number.",
    Reason.MAILBOX_DISABLED: "Ask the customer for another address.",
    Reason.RECIPIENT_REFUSED: "Ask the customer for another address.",
    Reason.MAILBOX_FULL: "Resend in a few days, or contact the customer another way.",
    Reason.UNREACHABLE: "Resend later.",
    Reason.SERVER_UNAVAILABLE: "Resend later.",
    Reason.TIMED_OUT: "Check the address for a typo, then resend.",
    Reason.UNDETERMINED: "Resend. If it bounces again, ask the customer for another address.",
    Reason.MESSAGE_TOO_LARGE: "Make the message or its attachments smaller, then resend.",
    Reason.CONTENT_REJECTED: "Change the wording, links or attachments, then resend.",
    Reason.SENDER_BLOCKED: "Ask your administrator to get the block removed, then resend.",
    Reason.SENDER_AUTHENTICATION: "Ask your administrator to check SPF, DKIM and DMARC for our domain, then resend.",
    Reason.RATE_LIMITED: "Resend later.",
    Reason.CARRIER_BLOCKED: "Change the wording, or ask your administrator to register the sender, then resend.",
    Reason.COMPLAINT: "Do not send again. Contact the customer another way.",
    Reason.SUPPRESSED_BOUNCE: "Ask the customer for another address.",
    Reason.SUPPRESSED_MANUALLY: "If messages are wanted again, lift the suppression, then resend.",
    Reason.SUPPRESSED_COMPLAINT: "Do not send again. Contact the customer another way.",
    Reason.UNSUBSCRIBED: "Ask whether the customer wants messages again. If so, record the consent, then resend.",
    Reason.OPTED_OUT: "Ask whether the customer wants messages again. If so, record the consent, then resend.",
    Reason.REJECTED: "Remove the harmful content or attachment, then resend.",
    Reason.RENDERING_FAILED: "Correct the template or its data, then resend.",
    Reason.SPEND_LIMIT: "Ask your administrator to raise the spending limit, then resend.",
    Reason.PRICE_LIMIT: "Ask your administrator to raise the price limit, then resend.",
    Reason.BODY_INVALID: "Correct the text, then resend.",
    Reason.ATTACHMENT_MISSING: "Send a new message with the file.",
    Reason.SENDING_REFUSED: "Ask your administrator to check our sender and account, then resend.",
    Reason.SENDER_NOT_ALLOWED: (
        "Ask your administrator to allow them, or change them in the settings or in your application, then resend."
    ),
    Reason.SENDING_PAUSED: "Ask your administrator to turn sending back on, then resend.",
    Reason.SENDING_INTERRUPTED: "Ask the customer whether the message arrived. If not, resend.",
}

_SMS_REMEDIES: Mapping[Reason, str] = {
    Reason.ADDRESS_NOT_FOUND: "Check for a typo, or ask the customer for the correct number.",
    Reason.ADDRESS_MALFORMED: "Correct the number. It must start with + and the country code.",
    Reason.MAILBOX_DISABLED: "Ask the customer for another number.",
    Reason.RECIPIENT_REFUSED: "Ask the customer for another number.",
    Reason.TIMED_OUT: "Resend later.",
    Reason.UNDETERMINED: "Resend. If it fails again, ask the customer for another number.",
    Reason.MESSAGE_TOO_LARGE: "Make the text shorter, then resend.",
    Reason.CONTENT_REJECTED: "Change the wording and links, then resend.",
    Reason.SUPPRESSED_BOUNCE: "Ask the customer for another number.",
    Reason.REJECTED: "Ask your administrator to find the cause, then resend.",
    Reason.ATTACHMENT_MISSING: "Send a new message with the file.",
    Reason.SENDING_REFUSED: "Ask your administrator to check that we may send to this country, then resend.",
}

_ADMINISTRATOR_TASKS: Mapping[Reason, str] = {
    Reason.MESSAGE_TOO_LARGE: "Send smaller messages, for example with a link in place of an attachment.",
    Reason.CONTENT_REJECTED: (
        "Compare the messages that were rejected. Check the wording, links and attachments, then resend one as a test."
    ),
    Reason.SENDER_BLOCKED: (
        "Find out in the answer which address or domain is blocked, and why. Ask the receiver to remove the block."
    ),
    Reason.SENDER_AUTHENTICATION: "Check SPF, DKIM and DMARC of the sender's domain, then resend one as a test.",
    Reason.RATE_LIMITED: "Send fewer messages at a time to this receiver.",
    Reason.CARRIER_BLOCKED: "Register the sender for this country, and check the wording and the links.",
    Reason.REJECTED: "Find out what the rejected messages have in common, and remove it.",
    Reason.RENDERING_FAILED: "Correct the template, or the data that fills it in.",
    Reason.SPEND_LIMIT: "Raise the spending limit for text messages in AWS.",
    Reason.PRICE_LIMIT: "Raise the price limit for a text message, or stop sending to this country.",
    Reason.BODY_INVALID: "Correct the texts in your application.",
    Reason.ATTACHMENT_MISSING: "Find out why the files were deleted before the messages were sent.",
    Reason.SENDING_REFUSED: "Check in AWS that the account may send, and that the sender is verified.",
    Reason.SENDER_NOT_ALLOWED: "Assign the sender's identity to this account, or correct the sender.",
    Reason.SENDING_PAUSED: "Remove the cause of the pause, then turn sending back on in AWS.",
    Reason.SENDING_INTERRUPTED: "Look at the logs and alarms of the functions that send.",
}

_PERMANENT_REMEDIES = {
    Channel.EMAIL: "Ask the customer for another address.",
    Channel.SMS: "Ask the customer for another number.",
}


def explanation(classification: Classification, channel: Channel) -> str:
    """Return a sentence that says what happened."""
    for_sms = _SMS_EXPLANATIONS.get(classification.reason) if channel is Channel.SMS else None
    return for_sms or _EXPLANATIONS[classification.reason]


def remedy(classification: Classification, channel: Channel) -> str:
    """Return a sentence that says what to do next. It agrees with the rules of ``resend_policy``."""
    if classification.kind is Kind.HARD and classification.fault is not Fault.SENDER:
        return _PERMANENT_REMEDIES[channel]
    for_sms = _SMS_REMEDIES.get(classification.reason) if channel is Channel.SMS else None
    return for_sms or _REMEDIES[classification.reason]


def administrator_task(reason: Reason) -> str:
    """Return a sentence that says what the administrator has to do about many failures by the sender's fault."""
    return _ADMINISTRATOR_TASKS[reason]
