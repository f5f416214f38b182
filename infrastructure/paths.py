"""Paths in the checkout."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FUNCTIONS: Final = ROOT / "functions"
CHALICE_CONFIG: Final = ROOT / "chalice_config"
LAYER_REQUIREMENTS: Final = ROOT / "layers" / "dependencies" / "requirements.txt"
RESOURCES: Final = ROOT / "infrastructure" / "resources"
BUILD: Final = ROOT / "build"
