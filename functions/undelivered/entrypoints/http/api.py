"""Every route of the API, in one table."""

from undelivered.entrypoints.http import (
    bulk,
    customers,
    exports,
    health,
    notifications,
    openapi,
    opt_in,
    personal_data,
    reports,
    resends,
    settings,
    suppressions,
    unsubscribe,
)
from undelivered.entrypoints.http.routing import Route

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
    *settings.ROUTES,
    *notifications.ROUTES,
    *unsubscribe.ROUTES,
    *openapi.ROUTES,
)
