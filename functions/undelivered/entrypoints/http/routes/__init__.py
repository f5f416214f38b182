"""Every route of the API, in one table."""

from undelivered.entrypoints.http import openapi
from undelivered.entrypoints.http.router import Route
from undelivered.entrypoints.http.routes import (
    account_settings,
    bulk,
    customers,
    exports,
    health,
    notifications,
    opt_in,
    personal_data,
    reports,
    resends,
    suppressions,
    unsubscribe,
)

ROUTES: tuple[Route, ...] = (
    *health.ROUTES,
    *reports.ROUTES,
    *resends.ROUTES,
    *bulk.ROUTES,
    *exports.ROUTES,
    *customers.ROUTES,
    *opt_in.ROUTES,
    *personal_data.ROUTES,
    *suppressions.ROUTES,
    *account_settings.ROUTES,
    *notifications.ROUTES,
    *unsubscribe.ROUTES,
    *openapi.ROUTES,
)
