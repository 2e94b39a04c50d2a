"""PgQueuer under the driver contract: a pool of asyncpg, uvloop, a thousand jobs a batch."""

import asyncio
import contextlib
import json
import signal

import asyncpg
import uvloop
from pgqueuer import PgQueuer, Queries
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job

import contract

ENTRYPOINT = "trivial"
BATCH = 1000


@contextlib.asynccontextmanager
async def connected(dsn: str):
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def migrate(dsn: str) -> None:
    async with connected(dsn) as connection:
        await Queries(AsyncpgDriver(connection)).install()


@contextlib.asynccontextmanager
async def producer(dsn: str):
    async with connected(dsn) as connection:
        queries = Queries(AsyncpgDriver(connection))

        async def many(jobs: list[dict]) -> None:
            payloads = [json.dumps(job).encode() for job in jobs]
            await queries.enqueue([ENTRYPOINT] * len(jobs), payloads, [0] * len(jobs))

        async def one(job: dict) -> None:
            await queries.enqueue(ENTRYPOINT, json.dumps(job).encode())

        yield contract.Producer(many, one)


async def work(dsn: str) -> None:
    # With a pool it fetches while it records.
    async with asyncpg.create_pool(dsn, min_size=2, max_size=5) as pool:
        queuer = PgQueuer.from_asyncpg_pool(pool)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, queuer.shutdown.set)

        @queuer.entrypoint(ENTRYPOINT)
        async def trivial(job: Job) -> None:
            contract.handled(json.loads(job.payload)["t"])

        await queuer.run(batch_size=BATCH)


if __name__ == "__main__":
    contract.main(contract.Driver(migrate, producer, work, uvloop.new_event_loop))
