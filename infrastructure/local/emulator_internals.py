"""Access to ministack's internals, which the corrections of the emulator change."""

from typing import Any


def require(module: Any, name: str) -> Any:
    """Return an attribute of a module of ministack. Stops the emulator if the release does not have it."""
    try:
        return getattr(module, name)
    except AttributeError:
        raise SystemExit(
            f"This release of ministack has no {module.__name__}.{name}, which infrastructure/local needs."
        ) from None
