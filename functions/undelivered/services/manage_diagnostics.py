"""List the failures without a known reason, and map their shapes to reasons. Every change is kept in the audit."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.diagnostic_shape import shape_id
from undelivered.domain.errors import InvalidInputError, NotFoundError
from undelivered.domain.item import REPORT_WINDOW, Audit
from undelivered.domain.taxonomy import Reason
from undelivered.domain.unrecognised import MAPPABLE_REASONS, ShapeCount, ShapeMapping, ranked
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.ports import ShapeMappingStore, UnrecognisedStore

_NOT_A_REASON: Final = "must be one of {values}"
_NOT_MAPPED: Final = "not mapped"


class KnownShape(Struct, frozen=True):
    """A shape with its failures without a known reason in the past 30 days, or None, and its mapping, or None."""

    shape: str
    failures: ShapeCount | None = None
    mapping: ShapeMapping | None = None


class ManageDiagnostics(Struct, frozen=True):
    """The use cases on diagnostics."""

    unrecognised: UnrecognisedStore
    mappings: ShapeMappingStore
    clock: Callable[[], datetime]

    def known_shapes(self, account_id: str) -> Sequence[KnownShape]:
        """Return the shapes of the past 30 days, the most frequent first, then other shapes that are or were mapped."""
        first = (self.clock() - REPORT_WINDOW).date()
        counts = self.unrecognised.counts(account_id, first)
        mappings = {mapping.shape: mapping for mapping in self.mappings.find_all(account_id)}
        seen = [KnownShape(shape, count, mappings.get(shape)) for shape, count in ranked(counts)]
        return [*seen, *(KnownShape(shape, None, mappings[shape]) for shape in sorted(mappings.keys() - counts.keys()))]

    def map_shape(self, account_id: str, wanted_id: str, reason: str, *, by: str, why: str) -> KnownShape:
        """Map a shape to a reason; repeating it changes nothing.

        Raises NotFoundError for an unknown shape, InvalidInputError for a reason that no diagnostic can give.
        """
        if reason not in MAPPABLE_REASONS:
            raise InvalidInputError("reason", _NOT_A_REASON.format(values=", ".join(sorted(MAPPABLE_REASONS))))
        known = self._known(account_id, wanted_id)
        return replace(known, mapping=self._change(account_id, known.shape, Reason(reason), by=by, why=why))

    def unmap_shape(self, account_id: str, wanted_id: str, *, by: str, why: str) -> KnownShape:
        """Remove the mapping of a shape; raises NotFoundError if it is not mapped."""
        known = self._known(account_id, wanted_id)
        if known.mapping is None or known.mapping.reason is None:
            raise NotFoundError("the shape is not mapped")
        return replace(known, mapping=self._change(account_id, known.shape, None, by=by, why=why))

    def _known(self, account_id: str, wanted_id: str) -> KnownShape:
        known = next((known for known in self.known_shapes(account_id) if shape_id(known.shape) == wanted_id), None)
        if known is None:
            raise NotFoundError("the shape is not known")
        return known

    @retry_on_conflict
    def _change(self, account_id: str, shape: str, reason: Reason | None, *, by: str, why: str) -> ShapeMapping:
        stored = self.mappings.find(account_id, shape_id(shape)) or ShapeMapping(account_id, shape)
        if stored.reason is reason:
            return stored
        detail = f"was {stored.reason or _NOT_MAPPED}, is {reason or _NOT_MAPPED}"
        audit = Audit(self.clock(), by, "map" if reason else "unmap", f"{why}; {detail}" if why else detail)
        return self.mappings.save(replace(stored, reason=reason, audit=(*stored.audit, audit)))
