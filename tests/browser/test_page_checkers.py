"""Every page of the console, as pa11y and html-validate see it."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.browser.conftest import CHROMIUM
from tests.browser.test_incidents import an_incident
from tests.browser.test_pages import PAGES
from tests.builders.node import node_folder

CHECKERS = Path(__file__).parent / "page_checkers"


def test_no_page_has_faults_that_pa11y_or_html_validate_know(fake, browser):
    url, api = fake
    api.incidents = [an_incident()]
    folder = node_folder(CHECKERS / "package.json")
    script = shutil.copy(CHECKERS / "check.mjs", folder)

    done = subprocess.run(
        ["node", script, CHROMIUM, url, *PAGES.values()], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    assert findings.keys() == set(PAGES.values())
    assert [(page, *found) for page, looks in findings.items() for found in looks.items() if found[1]] == []
