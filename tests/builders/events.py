"""Events as SES, SNS, SQS, EventBridge and CloudWatch Logs send them, after their documented fields."""

import base64
import gzip
import json

TOPIC = "arn:aws:sns:eu-central-1:111122223333:undelivered-feedback"
MESSAGE_ID = "0107019a2b3c4d5e-6f708192-a3b4-c5d6-e7f8-091a2b3c4d5e-000000"
SENT_AT = "2026-11-20T09:30:00.250Z"
HAPPENED_AT = "2026-11-20T09:30:04.500Z"
FEEDBACK_ID = "0107019a2b3c5f60-11223344-5566-7788-99aa-bbccddeeff00-000000"
SMS_ID = "b5c1d0de-7a1f-5d5e-9a0b-8c3f5ae1d2c4"


def mail(*destination, **more):
    return {
        "timestamp": SENT_AT,
        "source": "Harbour Storage <office@harbour.example>",
        "sourceArn": "arn:aws:ses:eu-central-1:111122223333:identity/harbour.example",
        "sendingAccountId": "111122223333",
        "messageId": MESSAGE_ID,
        "destination": list(destination or ["ann@example.org"]),
        "commonHeaders": {"subject": "Your invoice for November"},
    } | more


def event(kind, body_name=None, body=None, **more):
    """An event of event publishing; identity notifications are made from it by `as_notification`."""
    told = {"eventType": kind, "mail": mail()}
    if body_name:
        told[body_name] = body
    return told | more


def recipient(address="ann@example.org", **more):
    return {"emailAddress": address} | more


def bounce(*recipients, bounce_type="Permanent", subtype="General", **more):
    listed = recipients or (recipient(action="failed", status="5.1.1", diagnosticCode="smtp; 550 5.1.1 user unknown"),)
    body = {
        "bounceType": bounce_type,
        "bounceSubType": subtype,
        "bouncedRecipients": list(listed),
        "timestamp": HAPPENED_AT,
        "feedbackId": FEEDBACK_ID,
    }
    return event("Bounce", "bounce", body, **more)


def complaint(*recipients, feedback_type="abuse", subtype=None, **more):
    body = {
        "complainedRecipients": list(recipients or [recipient()]),
        "timestamp": HAPPENED_AT,
        "feedbackId": FEEDBACK_ID,
        "complaintSubType": subtype,
        "complaintFeedbackType": feedback_type,
    }
    return event("Complaint", "complaint", body, **more)


def delivery(*recipients, **more):
    body = {
        "timestamp": HAPPENED_AT,
        "processingTimeMillis": 4250,
        "recipients": list(recipients or ["ann@example.org"]),
        "smtpResponse": "250 2.0.0 accepted",
    }
    return event("Delivery", "delivery", body, **more)


def delay(*recipients, **more):
    body = {
        "timestamp": HAPPENED_AT,
        "delayType": "MailboxFull",
        "expirationTime": "2026-11-21T00:30:00.000Z",
        "delayedRecipients": list(recipients or [recipient(status="4.2.2", diagnosticCode="smtp; 452 4.2.2 full")]),
    }
    return event("DeliveryDelay", "deliveryDelay", body, **more)


def reject(**more):
    return event("Reject", "reject", {"reason": "Bad content"}, **more)


def rendering_failure(**more):
    body = {"errorMessage": "Attribute 'name' is not present in the rendering data.", "templateName": "invoice"}
    return event("Rendering Failure", "failure", body, **more)


def as_notification(told):
    """The same as identity feedback: another discriminator, no tags."""
    kept = {name: value for name, value in told["mail"].items() if name != "tags"}
    body = {name: value for name, value in told.items() if name != "eventType"}
    return {"notificationType": told["eventType"], **body, "mail": kept}


def text_event(kind="TEXT_DELIVERED", **more):
    return {
        "eventType": kind,
        "eventVersion": "1.0",
        "eventTimestamp": 1_795_167_004_500,
        "isFinal": True,
        "originationPhoneNumber": "+4915112345678",
        "destinationPhoneNumber": "+4915187654321",
        "messageId": SMS_ID,
        "messageRequestTimestamp": 1_795_167_000_250,
        "messageStatusDescription": "as the carrier says",
        "context": {},
    } | more


def sms_log(answer="Message has been accepted by phone", status="SUCCESS", **more):
    return {
        "notification": {"messageId": SMS_ID, "timestamp": "2026-11-20 09:30:00.25"},
        "delivery": {
            "destination": "+4915187654321",
            "smsType": "Transactional",
            "providerResponse": answer,
            "dwellTimeMs": 1500,
        }
        | more,
        "status": status,
    }


def envelope(message, **more):
    """An SNS envelope as HTTP and SQS get it."""
    return {
        "Type": "Notification",
        "MessageId": "9c2f0f5e-2f3a-5b0d-8f3e-5d0a1b2c3d4e",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": message if isinstance(message, str) else json.dumps(message) + "\n",
        "Timestamp": "2026-11-20T09:30:05.000Z",
        "SignatureVersion": "1",
        "Signature": "bm90IGEgc2lnbmF0dXJl",
        "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
        "UnsubscribeURL": f"https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1",
    } | more


def subscription_confirmation(**more):
    told = envelope("You have chosen to subscribe to the topic.", Type="SubscriptionConfirmation", Token="2336412f37")
    url = f"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
    return told | {"SubscribeURL": url} | more


def sqs_record(body, **more):
    return {
        "messageId": "2f0d4f0e-8a54-4c7e-bf0c-0b7b2f6f7c11",
        "receiptHandle": "handle",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795167006000"},
        "eventSource": "aws:sqs",
    } | more


def records(*each):
    return {"Records": list(each)}


def lambda_record(envelope_):
    """SNS's own event of Lambda, which spells the URLs otherwise."""
    spelled = {name.replace("URL", "Url"): value for name, value in envelope_.items()}
    return {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": spelled | {"MessageAttributes": {}}}


def eventbridge(detail, detail_type="Email Bounced", source="aws.ses"):
    return {
        "version": "0",
        "id": "c1a2b3c4-d5e6-f708-192a-3b4c5d6e7f80",
        "detail-type": detail_type,
        "source": source,
        "account": "111122223333",
        "time": "2026-11-20T09:30:05Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }


def logs(*lines, message_type="DATA_MESSAGE"):
    return {
        "messageType": message_type,
        "owner": "111122223333",
        "logGroup": "sns/eu-central-1/111122223333/DirectPublishToPhoneNumber/Failure",
        "logStream": "b1c2",
        "subscriptionFilters": ["undelivered"],
        "logEvents": [
            {
                "id": str(number),
                "timestamp": 1_795_167_007_000,
                "message": line if isinstance(line, str) else json.dumps(line),
            }
            for number, line in enumerate(lines)
        ],
    }


def awslogs(data):
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()}}


def firehose(*each):
    return {
        "requestId": "r",
        "records": [{"data": base64.b64encode(json.dumps(told).encode()).decode()} for told in each],
    }
