"""Whether mail may leave, and what may have left already before the data was restored from a backup."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.ids import first_id


@dataclass(frozen=True)
class Hold:
    """hold_time: since when nothing leaves; None: mail leaves. restore_time: of the last restore; None: there was none."""

    hold_time: datetime | None = None
    restore_time: datetime | None = None

    @property
    def held(self) -> bool:
        return self.hold_time is not None

    @property
    def sure_from(self) -> UUID | None:
        """The first event after the restore. What an earlier one caused may have been sent in the time that the restore took back."""
        return None if self.restore_time is None else first_id(self.restore_time)

    def at(self, now: datetime, *, restored: bool) -> Hold:
        """Hold from now on; what is held already stays as it is, but for a restore that came meanwhile."""
        return Hold(self.hold_time or now, now if restored else self.restore_time)

    def released(self) -> Hold:
        return replace(self, hold_time=None)
