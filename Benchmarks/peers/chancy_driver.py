"""Chancy under the driver contract: its asyncio executor, two thousand jobs at once, eager polling.

Of its plugins only the two that bring back the jobs of a dead worker are on: without them a killed worker's jobs stay
`running` for ever, which nobody would want of a durable queue.
"""

import contextlib
import logging

from chancy import Chancy, Job, Queue, Worker
from chancy.plugins.leadership import Leadership
from chancy.plugins.recovery import Recovery

import contract

CONCURRENCY = 2000


async def trivial(n: int, t: int, connection_id: str, resource: str) -> None:
    contract.handled(t)


def opened(dsn: str) -> Chancy:
    # It logs each job it takes unless told not to.
    log = logging.getLogger("chancy")
    log.setLevel(logging.WARNING)
    return Chancy(dsn, plugins=[Leadership(), Recovery()], no_default_plugins=True, log=log)


async def migrate(dsn: str) -> None:
    async with opened(dsn) as chancy:
        await chancy.migrate()
        # `default` is declared by every worker, with a process pool unless it is there already.
        await chancy.declare(
            Queue("default", concurrency=CONCURRENCY, executor=Chancy.Executor.Async, eager_polling=True),
            upsert=True,
        )


@contextlib.asynccontextmanager
async def producer(dsn: str):
    async with opened(dsn) as chancy:

        def made(job: dict) -> Job:
            return Job(func="chancy_driver.trivial", kwargs=job)

        async def many(jobs: list[dict]) -> None:
            async for _ in chancy.push_many([made(job) for job in jobs], batch_size=len(jobs)):
                pass

        yield contract.Producer(many, one=lambda job: chancy.push(made(job)))


async def work(dsn: str) -> None:
    async with opened(dsn) as chancy, Worker(chancy) as worker:
        await worker.wait_for_shutdown()


if __name__ == "__main__":
    contract.main(contract.Driver(migrate, producer, work))
