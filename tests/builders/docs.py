"""The parts of a Markdown page, as GitHub links to them."""

import re


def slug(heading):
    """Return the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def sections(page, level=2):
    """Return the text of each section of a level, by its anchor."""
    marks = "#" * level
    parts = re.split(rf"^{marks} (.+)$", page.read_text(), flags=re.MULTILINE)
    return {slug(heading): text for heading, text in zip(parts[1::2], parts[2::2], strict=True)}
