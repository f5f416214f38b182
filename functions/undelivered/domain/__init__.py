"""The rules of undelivered notifications. They do no I/O and import only the standard library and msgspec."""
