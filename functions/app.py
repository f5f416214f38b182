"""The application that Chalice packages, with every function. No function loads this module when it runs."""

from undelivered.entrypoints import (
    archive,
    cleanup,
    deliver_webhooks,
    export_report,
    ingest_feedback,
    ingest_sms_logs,
    manage_people,
    on_item_changed,
    process_resends,
    read_replies,
    send_digests,
    send_notifications,
    sync_suppressions,
)
from undelivered.entrypoints.api_handler import app

for module in (
    archive,
    cleanup,
    deliver_webhooks,
    export_report,
    on_item_changed,
    ingest_feedback,
    ingest_sms_logs,
    manage_people,
    process_resends,
    read_replies,
    send_digests,
    send_notifications,
    sync_suppressions,
):
    app.register_blueprint(module.functions)
