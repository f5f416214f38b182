"""Lambda ``api_handler``: the API, and the console it is served with.

Apart from ``app``, which names every function for Chalice to package: whoever answers a request has no use for the
other functions' code.
"""

from chalice.app import Chalice, ConvertToMiddleware

from undelivered import bootstrap
from undelivered.entrypoints.http.router import refuse_other_methods, register
from undelivered.entrypoints.http.routes import ROUTES, console
from undelivered.observability import logger

app = Chalice(app_name="undelivered", configure_logs=False)
app.log = logger  # type: ignore[assignment]  # it is used as a logger, and makes JSON of what Chalice logs
app.register_middleware(
    ConvertToMiddleware(logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)),
    "http",
)
app.register_blueprint(console.routes)
register(app, ROUTES, bootstrap.api)
refuse_other_methods(app)
