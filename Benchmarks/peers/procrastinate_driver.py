"""Procrastinate under the driver contract.

Twenty jobs at once in each worker process; each is claimed, and finished, in statements of its own.
"""

import contextlib

import procrastinate

import contract

CONCURRENCY = 20

app = procrastinate.App(connector=procrastinate.PsycopgConnector())


@app.task(name="trivial", queue="bench")
async def trivial(n: int, t: int, connection_id: str, resource: str) -> None:
    contract.handled(t)


@contextlib.asynccontextmanager
async def opened(dsn: str, connections: int = 1):
    # One connection more than jobs: the worker listens on one.
    connector = procrastinate.PsycopgConnector(conninfo=dsn, min_size=1, max_size=connections)
    with app.replace_connector(connector) as opened_app:
        async with opened_app.open_async():
            yield opened_app


async def migrate(dsn: str) -> None:
    async with opened(dsn) as app:
        await app.schema_manager.apply_schema_async()


@contextlib.asynccontextmanager
async def producer(dsn: str):
    async with opened(dsn):
        yield contract.Producer(
            many=lambda jobs: trivial.batch_defer_async(*jobs),
            one=lambda job: trivial.defer_async(**job),
        )


async def work(dsn: str) -> None:
    async with opened(dsn, CONCURRENCY + 1) as app:
        await app.run_worker_async(queues=["bench"], concurrency=CONCURRENCY)


if __name__ == "__main__":
    contract.main(contract.Driver(migrate, producer, work))
