"""`undelivered build`: build the template, its archives and the bill of materials."""

from typing import Annotated, Final

import typer
from rich.console import Console

from infrastructure.paths import ROOT

_STDERR: Final = Console(stderr=True)


def build(
    *,
    architecture: Annotated[str, typer.Option(help="arm64 or x86_64.")] = "arm64",
    lock: Annotated[bool, typer.Option("--lock", help="First update the layer's requirements from uv.lock.")] = False,
) -> None:
    """Build the template, its archives and the bill of materials in `build/`."""
    from infrastructure.build.layer import lock_requirements
    from infrastructure.build.supply_chain import shipped_packages, write_bill
    from infrastructure.build.target import Target
    from infrastructure.build.template import build as build_template

    if architecture not in {"arm64", "x86_64"}:
        raise typer.BadParameter("must be arm64 or x86_64")
    with _STDERR.status("Building"):
        if lock:
            lock_requirements()
        built = build_template(Target.aws("arm64" if architecture == "arm64" else "x86_64"))
        bill = built.template_file.with_name("undelivered.cdx.json")
        write_bill(shipped_packages(built.layer), bill)
    for file in (built.template_file, built.code, built.layer, bill):
        print(file.relative_to(ROOT))
