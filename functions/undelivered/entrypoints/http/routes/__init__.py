"""The table of all routes. Each module has the routes of a resource."""

from undelivered.entrypoints.http.route import Route
from undelivered.entrypoints.http.routes import (
    account_settings,
    address_suggestions,
    attachments,
    bulk_resends,
    contact_pages,
    contact_requests,
    corrections,
    customers,
    diagnostics,
    dismissals,
    embed_tokens,
    exports,
    health,
    incidents,
    notifications,
    opt_in,
    personal_data,
    reports,
    resends,
    setup,
    statistics,
    suppressions,
    unsubscribe,
    webhooks,
)
from undelivered.entrypoints.http.routes.openapi import openapi_route

_RESOURCES: tuple[Route, ...] = (
    *health.ROUTES,
    *reports.ROUTES,
    *statistics.ROUTES,
    *incidents.ROUTES,
    *resends.ROUTES,
    *dismissals.ROUTES,
    *bulk_resends.ROUTES,
    *exports.ROUTES,
    *customers.ROUTES,
    *corrections.ROUTES,
    *address_suggestions.ROUTES,
    *opt_in.ROUTES,
    *contact_requests.ROUTES,
    *personal_data.ROUTES,
    *suppressions.ROUTES,
    *account_settings.ROUTES,
    *setup.ROUTES,
    *webhooks.ROUTES,
    *diagnostics.ROUTES,
    *notifications.ROUTES,
    *attachments.ROUTES,
    *embed_tokens.ROUTES,
    *unsubscribe.ROUTES,
    *contact_pages.ROUTES,
)

ROUTES: tuple[Route, ...] = (*_RESOURCES, openapi_route(_RESOURCES))
