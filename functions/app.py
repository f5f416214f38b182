"""The inventory of the application: what Chalice packages, and nothing else."""

from chalice import Chalice

from undelivered.entrypoints import (
    archive,
    cleanup,
    ingest_feedback,
    ingest_sms_logs,
    process_resends,
    send_notifications,
)

app = Chalice(app_name="undelivered", configure_logs=False)

for module in (archive, cleanup, ingest_feedback, ingest_sms_logs, process_resends, send_notifications):
    app.register_blueprint(module.functions)


@app.route("/health")
def health() -> dict[str, str]:
    """Answer that the API is there."""
    return {"status": "ok"}
