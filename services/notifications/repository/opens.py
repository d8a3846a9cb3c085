"""Opens of messages in SQL, and the setting that allows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.database import insert
from libs.errors import Aborted
from services.notifications.domain.messages import Message, State
from services.notifications.domain.opens import MOST_COUNTED, Settings
from services.notifications.repository.messages import message_of
from services.notifications.repository.tables import messages, opens, settings

_ROW = settings.c.id == 1  # the migration made it
_ARRIVED = messages.c.state.in_([State.SENT.value, State.UNCERTAIN.value])  # what fetches it before is the mail's own way, not a person


@dataclass(frozen=True)
class SqlOpens:
    connection: Connection

    def settings(self, *, lock: bool = False) -> Settings:
        query = sa.select(settings.c.open_tracking, settings.c.version).where(_ROW)
        row = self.connection.execute(query.with_for_update() if lock else query).one()
        return Settings(row.open_tracking, row.version)

    def save_settings(self, changed: Settings) -> Settings:
        saved = replace(changed, version=changed.version + 1)
        unchanged = sa.update(settings).where(_ROW, settings.c.version == changed.version)
        if self.connection.execute(unchanged.values(asdict(saved))).rowcount != 1:
            raise Aborted("the settings were changed by someone else")
        return saved

    def forget_tokens(self) -> None:
        self.connection.execute(sa.update(opens).where(opens.c.token_hash.is_not(None)).values(token_hash=None))

    def keep(self, tokens: Mapping[UUID, bytes]) -> None:
        if tokens:
            rows = [{"message_id": id_, "token_hash": hashed, "count": 0} for id_, hashed in tokens.items()]
            new = insert(self.connection, opens)
            change = new.on_conflict_do_update(index_elements=[opens.c.message_id], set_={"token_hash": new.excluded.token_hash})
            self.connection.execute(change, rows)

    def contact_of(self, token_hash: bytes) -> UUID | None:
        query = sa.select(messages.c.contact_id).join(opens, opens.c.message_id == messages.c.id)
        return self.connection.execute(query.where(opens.c.token_hash == token_hash, _ARRIVED)).scalar_one_or_none()

    def count(self, token_hash: bytes, now: datetime) -> Message | None:
        counted = sa.case((opens.c.count < MOST_COUNTED, opens.c.count + 1), else_=opens.c.count)
        fetched = (
            sa.update(opens).where(opens.c.token_hash == token_hash).values(count=counted, last_time=now).returning(opens.c.message_id)
        )
        message_id = self.connection.execute(fetched).scalar_one_or_none()
        first = sa.update(messages).where(messages.c.id == message_id, messages.c.open_time.is_(None), _ARRIVED)
        row = self.connection.execute(first.values(open_time=now, version=messages.c.version + 1).returning(messages)).one_or_none()
        return None if row is None else message_of(row)
