"""The inventory of the application: what Chalice packages, and nothing else."""

from chalice.app import Chalice, ConvertToMiddleware

from undelivered import bootstrap
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
from undelivered.entrypoints.http import console
from undelivered.entrypoints.http.api import ROUTES
from undelivered.entrypoints.http.routing import refuse_other_methods, register
from undelivered.observability import logger

app = Chalice(app_name="undelivered", configure_logs=False)
app.log = logger  # type: ignore[assignment]  # it is used as a logger, and makes JSON of what Chalice logs
app.register_middleware(
    ConvertToMiddleware(logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)),
    "http",
)

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
app.register_blueprint(console.routes)
register(app, ROUTES, bootstrap.api)
refuse_other_methods(app)
