"""The HTTP API: routing, authentication, validation and the routes by resource."""
