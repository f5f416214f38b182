"""The inventory of the application: what Chalice packages, and nothing else."""

from undelivered.entrypoints import (
    archive,
    cleanup,
    export_report,
    follow_up,
    ingest_feedback,
    ingest_sms_logs,
    process_resends,
    send_digests,
    send_notifications,
)
from undelivered.entrypoints.api_handler import app

for module in (
    archive,
    cleanup,
    export_report,
    follow_up,
    ingest_feedback,
    ingest_sms_logs,
    process_resends,
    send_digests,
    send_notifications,
):
    app.register_blueprint(module.functions)
