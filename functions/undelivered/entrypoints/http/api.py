"""Every route of the API, in one table."""

from undelivered.entrypoints.http import customers, health, notifications, openapi, reports, resends
from undelivered.entrypoints.http.routing import Route

ROUTES: tuple[Route, ...] = (
    *health.ROUTES,
    *reports.ROUTES,
    *resends.ROUTES,
    *customers.ROUTES,
    *notifications.ROUTES,
    *openapi.ROUTES,
)
