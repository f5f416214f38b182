"""Lambda ``api_handler``: the API and the console.

It has its own Chalice application, separate from ``app.py``, so that the API loads no other function's code.
"""

from chalice.app import Chalice, ConvertToMiddleware

from undelivered.bootstrap import api
from undelivered.entrypoints.http.router import refuse_other_methods, register
from undelivered.entrypoints.http.routes import ROUTES, console
from undelivered.observability import logger

app = Chalice(app_name="undelivered", configure_logs=False)
app.log = logger  # type: ignore[assignment]  # Chalice only logs with it, and its logs are then JSON too
app.register_middleware(
    ConvertToMiddleware(logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)),
    "http",
)
app.register_blueprint(console.routes)
register(app, ROUTES, api.use_cases, api.settings)
refuse_other_methods(app)
