"""The emails that a call of SES sends: both versions of the API, and each of their forms.

Pure. The forms are those of the service models: ``SendEmail``, ``SendRawEmail``, ``SendTemplatedEmail`` and
``SendBulkTemplatedEmail`` of the v1 API, and ``SendEmail`` (Simple, Raw, Template) and ``SendBulkEmail`` of the v2 API.
"""

import email
import email.policy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any, Final

from infrastructure.local.call_rules import Call

SEND_OPERATIONS: Final = {
    "ses": ("SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkTemplatedEmail"),
    "sesv2": ("SendEmail", "SendBulkEmail"),
}
"""The operations that send emails, by the service's name in botocore."""

_RECIPIENT_FIELDS: Final = ("ToAddresses", "CcAddresses", "BccAddresses")
_NOT_CUSTOM: Final = {"from", "to", "cc", "bcc", "subject", "mime-version", "message-id"}
# Amazon SES Developer Guide, "Specify your configuration set when you send email". SES removes these headers.
_CONFIGURATION_SET_HEADER: Final = "X-SES-CONFIGURATION-SET"
_TAGS_HEADER: Final = "X-SES-MESSAGE-TAGS"
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")

Tags = tuple[tuple[str, str], ...]
"""Names and values in the order of the call. A name may occur several times."""


@dataclass(frozen=True, slots=True)
class Template:
    """The template of an email, by its name or with its parts, and its data as JSON."""

    name: str = ""
    parts: tuple[str, ...] = ()
    data: str = "{}"


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of an email as it arrives."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Send:
    """An email as a call sends it.

    ``source`` is the sender, ``other_addresses`` are those for replies and feedback, and ``content`` is what SES scans
    for viruses.
    """

    operation: str = "SendEmail"
    source: str = ""
    other_addresses: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    configuration_set: str = ""
    tags: Tags = ()
    subject: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    files: tuple[AttachedFile, ...] = ()
    template: Template | None = None

    @property
    def size(self) -> int:
        """The bytes of the email after encoding (SES Developer Guide, "Service quotas"), without most headers."""
        # In base64, in lines of 76 characters that end in two more.
        encoded = sum(-(-len(file.content) // 3) * 4 * 78 // 76 for file in self.files)
        return len(self.content) - sum(len(file.content) for file in self.files) + encoded

    @property
    def tag_values(self) -> dict[str, tuple[str, ...]]:
        """The values of each tag."""
        values: dict[str, tuple[str, ...]] = {}
        for name, value in self.tags:
            values[name] = (*values.get(name, ()), value)
        return values


def read_sends(call: Call) -> list[Send]:
    """Return the emails that a call sends, in the order of its response."""
    values = call.values
    common = Send(
        operation=call.operation,
        source=values.get("Source") or values.get("FromEmailAddress") or "",
        other_addresses=(*(values.get("ReplyToAddresses") or ()), *_feedback_addresses(values)),
        configuration_set=values.get("ConfigurationSetName") or "",
        headers=_reply_to(values.get("ReplyToAddresses")),
        tags=_tags(values.get("Tags") or values.get("EmailTags")),
    )
    if "Destinations" in values and "Template" in values:
        return [*_bulk(common, values["Destinations"], values, values.get("DefaultTags"))]
    if "BulkEmailEntries" in values:
        template = (values.get("DefaultContent") or {}).get("Template") or {}
        return [*_bulk(common, values["BulkEmailEntries"], template, values.get("DefaultEmailTags"))]
    content = values.get("Content") or {}
    if raw := values.get("RawMessage") or content.get("Raw"):
        destinations = values.get("Destinations") or _recipients(values.get("Destination"))
        return [_raw(common, destinations, raw.get("Data") or b"")]
    addressed = replace(common, recipients=_recipients(values.get("Destination")))
    if "Template" in values or "Template" in content:
        return [replace(addressed, template=_template(content.get("Template") or values))]
    return [_simple(addressed, values.get("Message") or content.get("Simple") or {})]


def _simple(send: Send, message: Mapping[str, Any]) -> Send:
    texts = [part.get("Data") or "" for part in (message.get("Body") or {}).values()]
    files = tuple(map(_attached_file, message.get("Attachments") or ()))
    return replace(
        send,
        subject=(message.get("Subject") or {}).get("Data") or "",
        headers=send.headers + _headers(message.get("Headers")),
        content=b"\n".join([*(text.encode() for text in texts), *(file.content for file in files)]),
        files=files,
    )


def _attached_file(attachment: Mapping[str, Any]) -> AttachedFile:
    """Return a file of a simple email as it arrives.

    By default, SES puts its bytes into the email as 7-bit text (SES Developer Guide, "Working with email attachments in
    SES", ContentTransferEncoding). Here, each byte then loses its highest bit.
    """
    content: bytes = attachment.get("RawContent") or b""
    if attachment.get("ContentTransferEncoding", "SEVEN_BIT") == "SEVEN_BIT":
        content = bytes(byte & 0x7F for byte in content)
    return AttachedFile(attachment["FileName"], attachment.get("ContentType") or "application/octet-stream", content)


def _raw(send: Send, destinations: Sequence[str], content: bytes) -> Send:
    """Return the send of a raw message. What the call does not name is in the message's headers.

    SES does not join tags of the call and of the message, but takes only the call's (Developer Guide, as above).
    """
    message = email.message_from_bytes(content, policy=email.policy.default)
    return replace(
        send,
        source=send.source or next(_addresses(message, "From"), ""),
        recipients=tuple(destinations) or tuple(_addresses(message, "To", "Cc", "Bcc")),
        configuration_set=send.configuration_set or str(message.get(_CONFIGURATION_SET_HEADER, "")).strip(),
        tags=send.tags or _tags_of_header(_as_written(message, _TAGS_HEADER)),
        subject=str(message.get("Subject", "")),
        headers=tuple((name, str(value)) for name, value in message.items() if _is_custom(name)),
        content=content,
        files=tuple(_files_of(message)),
    )


def _files_of(message: EmailMessage) -> Iterator[AttachedFile]:
    for part in message.walk():
        name, content = part.get_filename(), part.get_payload(decode=True)
        if name and isinstance(content, bytes):
            yield AttachedFile(name, part.get_content_type(), content)


def _is_custom(header: str) -> bool:
    return header.lower() not in _NOT_CUSTOM and not header.lower().startswith("x-ses-")


def _addresses(message: EmailMessage, *headers: str) -> Iterator[str]:
    values = [str(value) for name in headers for value in message.get_all(name, [])]
    return (address for _, address in getaddresses(values) if address)


def _as_written(message: EmailMessage, name: str) -> str:
    """Return the value of a header on one line, without decoding it.

    SES's documents do not say that it decodes encoded words (RFC 2047) in its own headers, so nobody can rely on it.
    """
    values = (str(value) for header, value in message.raw_items() if header.casefold() == name.casefold())
    return re.sub(r"\r?\n", "", next(values, ""))


def _tags_of_header(value: str) -> Tags:
    """Return the tags of a header such as ``a=1, b=2``."""
    pairs = (pair.strip().partition("=") for pair in value.split(","))
    return tuple((name, text) for name, equals, text in pairs if equals)


def _bulk(
    common: Send, entries: Iterable[Mapping[str, Any]], template: Mapping[str, Any], default_tags: Any
) -> Iterator[Send]:
    """Yield the emails to each destination. A replacement tag takes the place of the default tags with its name."""
    for entry in entries:
        replacing = _tags(entry.get("ReplacementTags"))
        names = {name for name, _ in replacing}
        kept = tuple((name, value) for name, value in _tags(default_tags) if name not in names)
        replacement = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or entry
        data = replacement.get("ReplacementTemplateData")
        default = _template(template)
        yield replace(
            common,
            recipients=_recipients(entry.get("Destination")),
            tags=kept + replacing,
            headers=common.headers + _headers(entry.get("ReplacementHeaders")),
            template=replace(default, data=data or default.data),
        )


def _template(values: Mapping[str, Any]) -> Template:
    """Return the template that a call of v1, or the template content of a call of v2, names."""
    name = values.get("TemplateName") or values.get("Template") or ""
    arn = values.get("TemplateArn") or ""
    content = values.get("TemplateContent") or {}
    return Template(
        name=name or arn.rpartition("template/")[2],
        parts=template_parts(content),
        data=values.get("TemplateData") or values.get("DefaultTemplateData") or "{}",
    )


def template_parts(content: Mapping[str, str]) -> tuple[str, ...]:
    """Return the parts of a template, the subject first."""
    return tuple(content.get(name) or "" for name in ("Subject", "Text", "Html")) if content else ()


def rendered_subject(parts: Sequence[str], data: str) -> str:
    """Return the subject of a template with its data; raises LookupError with the name of an attribute it lacks.

    Attributes are replaced in ``{{name}}``, without the conditions and loops of Handlebars.
    """
    values: Any = json.loads(data)
    for part in parts:
        for name in _PLACEHOLDER.findall(part):
            if "{{#" not in part and name not in values:
                raise LookupError(name)
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], "")), parts[0] if parts else "")


def _feedback_addresses(values: Mapping[str, Any]) -> Iterator[str]:
    return filter(None, (values.get(name) for name in ("ReturnPath", "FeedbackForwardingEmailAddress")))


def _recipients(destination: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(address for name in _RECIPIENT_FIELDS for address in (destination or {}).get(name) or ())


def _tags(tags: Any) -> Tags:
    return tuple((tag.get("Name", ""), tag.get("Value", "")) for tag in tags or ())


def _reply_to(addresses: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    return (("Reply-To", ", ".join(addresses)),) if addresses else ()


def _headers(headers: Any) -> tuple[tuple[str, str], ...]:
    return tuple((header["Name"], header["Value"]) for header in headers or ())
