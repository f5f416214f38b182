"""The parts of a Markdown page, as GitHub links to them."""

import re


def slug(heading):
    """Return the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def sections(page, level=2):
    """Return the text of each section of a level, up to the next heading of its level or above, by its anchor."""
    parts = re.split(rf"^(#{{1,{level}}}) (.+)$", page.read_text(), flags=re.MULTILINE)
    headings = zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    return {slug(heading): text for marks, heading, text in headings if len(marks) == level}
