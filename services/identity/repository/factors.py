"""Second factors: seeds encrypted, recovery codes and challenges hashed; each use is one conditional statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.database.listing import select_page
from libs.errors import NotFound
from libs.listing import Listing
from services.identity.domain.factors import ENROLMENT_LIFE, Factor, Kind, Passkey, PasskeyTaken
from services.identity.repository.tables import factors, passkey_challenges, recovery_codes
from services.identity.repository.vault import Vault


@dataclass(frozen=True)
class SqlFactors:
    connection: Connection
    vault: Vault

    def _factor(self, row: Row[Any]) -> Factor:
        """Return a factor; a seed that was encrypted under another key of the vault is as good as gone."""
        return Factor(
            id=row.id,
            account_id=row.account_id,
            kind=Kind(row.kind),
            display_name=row.display_name,
            create_time=row.create_time,
            secret=(self.vault.decrypt(row.secret, _name(row.id)) or b"") if row.secret is not None else b"",
            passkey=Passkey(row.credential_id, row.public_key, row.sign_count) if row.credential_id is not None else None,
            confirm_time=row.confirm_time,
            last_use_time=row.last_use_time,
        )

    def get(self, account_id: UUID, factor_id: UUID) -> Factor:
        of_account = sa.select(factors).where(factors.c.id == factor_id, factors.c.account_id == account_id)
        row = self.connection.execute(of_account).one_or_none()
        if row is None:
            raise NotFound(f"factor {factor_id} does not exist")
        return self._factor(row)

    def of_account(self, account_id: UUID) -> list[Factor]:
        query = sa.select(factors).where(factors.c.account_id == account_id).order_by(factors.c.create_time, factors.c.id)
        return [self._factor(row) for row in self.connection.execute(query)]

    def by_credential(self, credential_id: bytes) -> Factor | None:
        row = self.connection.execute(sa.select(factors).where(factors.c.credential_id == credential_id)).one_or_none()
        return None if row is None else self._factor(row)

    def page(self, account_id: UUID, listing: Listing) -> tuple[Sequence[Factor], str]:
        query = sa.select(factors).where(factors.c.account_id == account_id)
        rows, following = select_page(self.connection, query, listing, {"create_time": factors.c.create_time}, factors.c.id)
        return [self._factor(row) for row in rows], following

    def add(self, factor: Factor) -> None:
        row = {
            "id": factor.id,
            "account_id": factor.account_id,
            "kind": factor.kind.value,
            "display_name": factor.display_name,
            "secret": self.vault.encrypt(factor.secret, _name(factor.id)) if factor.secret else None,
            "last_step": 0,
            "sign_count": 0,
            "create_time": factor.create_time,
        }
        self.connection.execute(sa.insert(factors).values(row))

    def confirm(self, factor: Factor, step: int) -> None:
        values: dict[str, Any] = {"confirm_time": factor.confirm_time, "last_step": step}
        if factor.passkey is not None:
            values |= {
                "credential_id": factor.passkey.credential_id,
                "public_key": factor.passkey.public_key,
                "sign_count": factor.passkey.sign_count,
            }
        try:
            self.connection.execute(sa.update(factors).where(factors.c.id == factor.id).values(values))
        except sa.exc.IntegrityError as error:
            raise PasskeyTaken("this passkey is enrolled already") from error

    def use_step(self, factor_id: UUID, step: int, now: datetime) -> bool:
        unused = sa.update(factors).where(factors.c.id == factor_id, factors.c.last_step < step)
        return self.connection.execute(unused.values(last_step=step, last_use_time=now)).rowcount == 1

    def use_passkey(self, factor_id: UUID, sign_count: int, now: datetime) -> bool:
        unused = sa.update(factors).where(factors.c.id == factor_id)
        if sign_count:
            unused = unused.where(factors.c.sign_count < sign_count)
        return self.connection.execute(unused.values(sign_count=sign_count, last_use_time=now)).rowcount == 1

    def delete(self, factor_id: UUID) -> None:
        self.connection.execute(sa.delete(factors).where(factors.c.id == factor_id))

    def delete_all(self, account_id: UUID) -> None:
        self.connection.execute(sa.delete(factors).where(factors.c.account_id == account_id))
        self.connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.account_id == account_id))

    def sweep(self, now: datetime) -> None:
        forgotten = (factors.c.confirm_time.is_(None), factors.c.create_time <= now - ENROLMENT_LIFE)
        self.connection.execute(sa.delete(factors).where(*forgotten))


def _name(factor_id: UUID) -> str:
    return f"factor {factor_id}"


@dataclass(frozen=True)
class SqlRecoveryCodes:
    connection: Connection
    vault: Vault

    def _hash(self, account_id: UUID, code: str) -> bytes:
        return self.vault.digest("recovery code", f"{account_id} {code}")

    def renew(self, account_id: UUID, codes: Sequence[str], now: datetime) -> None:
        self.connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
        rows = [{"account_id": account_id, "code_hash": self._hash(account_id, code), "create_time": now} for code in codes]
        self.connection.execute(sa.insert(recovery_codes), rows)

    def use(self, account_id: UUID, code: str, now: datetime) -> bool:
        this = (recovery_codes.c.account_id == account_id, recovery_codes.c.code_hash == self._hash(account_id, code))
        unused = sa.update(recovery_codes).where(*this, recovery_codes.c.use_time.is_(None))
        return self.connection.execute(unused.values(use_time=now)).rowcount == 1

    def left(self, account_id: UUID) -> int:
        unused = (recovery_codes.c.account_id == account_id, recovery_codes.c.use_time.is_(None))
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(recovery_codes).where(*unused)).scalar_one())


@dataclass(frozen=True)
class SqlChallenges:
    connection: Connection
    vault: Vault

    def _hash(self, challenge: bytes) -> bytes:
        return self.vault.digest("passkey challenge", challenge.hex())

    def add(self, challenge: bytes, factor_id: UUID | None, expire_time: datetime) -> None:
        row = {"challenge_hash": self._hash(challenge), "factor_id": factor_id, "expire_time": expire_time}
        self.connection.execute(sa.insert(passkey_challenges).values(row))

    def use(self, challenge: bytes, factor_id: UUID | None, now: datetime) -> bool:
        this = passkey_challenges.c.challenge_hash == self._hash(challenge)
        of_factor = passkey_challenges.c.factor_id.is_not_distinct_from(factor_id)
        usable = sa.delete(passkey_challenges).where(this, of_factor, passkey_challenges.c.expire_time > now)
        return self.connection.execute(usable).rowcount == 1

    def sweep(self, now: datetime) -> None:
        self.connection.execute(sa.delete(passkey_challenges).where(passkey_challenges.c.expire_time <= now))
