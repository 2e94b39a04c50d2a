import Testing

@testable import Postgres

@Suite("Pool bookkeeping")
struct PoolStateTests {
    private final class Fake: Sendable {}
    private typealias State = PoolState<Fake, String>
    private let start = ContinuousClock.now

    private func describe(_ acquired: State.Acquired) -> String {
        switch acquired {
        case .connection: "connection"
        case .slot: "slot"
        case .mustWait: "wait"
        case .overloaded: "overloaded"
        case .closed: "closed"
        }
    }

    private func describe(_ released: State.Released) -> String {
        switch released {
        case .granted(.connection(_, let waiter)): "connection to \(waiter)"
        case .granted(.slot(let waiter)), .discard(.slot(let waiter)?): "slot to \(waiter)"
        case .discard(.connection(_, let waiter)?): "discarded yet given to \(waiter)"
        case .discard(nil): "discarded"
        case .kept: "kept"
        }
    }

    @Test("slots are given out up to the limit, then callers queue in order up to theirs")
    func transcript() {
        var state = State(connectionsMax: 2, waitersMax: 2)
        let (one, two) = (Fake(), Fake())
        #expect(describe(state.acquire()) == "slot")
        #expect(describe(state.acquire()) == "slot")
        #expect(describe(state.acquire()) == "wait")
        #expect(state.connected(one) && state.connected(two))
        #expect(describe(state.enqueue(id: 1, "first", expiresAt: start + .seconds(1))) == "wait")
        #expect(describe(state.enqueue(id: 2, "second", expiresAt: start + .seconds(2))) == "wait")
        #expect(describe(state.acquire()) == "overloaded")
        #expect(describe(state.release(one, isReusable: true, now: start)) == "connection to first")
        #expect(describe(state.release(two, isReusable: false, now: start)) == "slot to second")
        #expect(state.slotCount == 2 && state.waitingCount == 0)
        #expect(describe(state.release(one, isReusable: true, now: start)) == "kept")
        #expect(describe(state.acquire()) == "connection")
        #expect(state.releaseSlot() == nil)
        #expect(describe(state.release(one, isReusable: false, now: start)) == "discarded")
        #expect(state.slotCount == 0)
    }

    @Test("a caller who comes late never passes one who waits")
    func noPassing() {
        var state = State(connectionsMax: 1, waitersMax: 5)
        let one = Fake()
        _ = state.acquire()
        _ = state.connected(one)
        _ = state.enqueue(id: 1, "first", expiresAt: start + .seconds(1))
        #expect(describe(state.release(one, isReusable: true, now: start)) == "connection to first")
        #expect(describe(state.acquire()) == "wait")
    }

    @Test("waiters leave when cancelled or out of patience; idle connections leave the longest idle first")
    func leaving() {
        var state = State(connectionsMax: 3, waitersMax: 5)
        let fakes = [Fake(), Fake(), Fake()]
        for fake in fakes {
            _ = state.acquire()
            _ = state.connected(fake)
        }
        for id in 1...3 { _ = state.enqueue(id: UInt64(id), "waiter \(id)", expiresAt: start + .seconds(id)) }
        #expect(state.nextExpiry == start + .seconds(1))
        #expect(state.removeWaiter(id: 2) == "waiter 2")
        #expect(state.removeWaiter(id: 2) == nil)
        #expect(state.removeExpired(now: start + .seconds(1)) == ["waiter 1"])
        #expect(describe(state.release(fakes[0], isReusable: true, now: start)) == "connection to waiter 3")
        for (index, fake) in fakes.enumerated() {
            _ = state.release(fake, isReusable: true, now: start + .seconds(index))
        }
        #expect(
            state.removeIdle(since: start + .seconds(1)).map(ObjectIdentifier.init)
                == fakes.prefix(2).map(ObjectIdentifier.init))
        #expect(state.idle.count == 1)
    }

    @Test("a draining pool refuses callers and keeps nothing")
    func draining() {
        var state = State(connectionsMax: 2, waitersMax: 5)
        let (one, two) = (Fake(), Fake())
        _ = state.acquire()
        _ = state.connected(one)
        _ = state.acquire()
        _ = state.enqueue(id: 1, "first", expiresAt: start)
        #expect(state.drain().waiters == ["first"])
        #expect(describe(state.acquire()) == "closed")
        let isAccepted = state.connected(two)
        #expect(!isAccepted)
        #expect(describe(state.release(one, isReusable: true, now: start)) == "discarded")
        #expect(state.slotCount == 0)
    }
}

@Suite("Pool")
struct PoolTests {
    @Test("never more connections than the limit, and every caller is served")
    func limit() async throws {
        try await withPool { limits, configuration in
            limits.connectionsMax = 3
            configuration.applicationName = "pool-limit"
        } _: { pool in
            let most = Recorded(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            most.update { $0 = max($0, pool.status.leasedCount) }
                            let rows = try await connection.query(
                                """
                                select $1 as n, count(*) as open from pg_stat_activity
                                where application_name = 'pool-limit'
                                """,
                                [number])
                            let (n, open) = try rows[0].decode(Int.self, Int.self)
                            #expect(n == number && open <= 3)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(most.value <= 3)
            #expect(
                pool.status
                    == .init(leasedCount: 0, idleCount: pool.status.idleCount, connectingCount: 0, waitingCount: 0))
        }
    }

    @Test("waiting callers are served first come, first served")
    func fairness() async throws {
        try await withPool { limits, _ in
            limits.connectionsMax = 1
        } _: { pool in
            let order = Recorded<[Int]>([])
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await pool.withConnection { _ in
                    for number in 0..<50 {
                        group.addTask {
                            try await pool.withConnection { connection in
                                try await connection.query("select 1")
                                order.update { $0.append(number) }
                            }
                        }
                        try await waitUntil("caller \(number) to wait") { pool.status.waitingCount == number + 1 }
                    }
                    gate.open()
                }
                try await group.waitForAll()
            }
            #expect(order.value == Array(0..<50))
        }
    }

    @Test("a waiter that is cancelled leaves the queue at once; the next is served")
    func waiterCancelled() async throws {
        try await withPool { limits, _ in
            limits.connectionsMax = 1
        } _: { pool in
            let second = try await pool.withConnection { _ in
                let first = Task { try await pool.query("select 1") }
                try await waitUntil("the first to wait") { pool.status.waitingCount == 1 }
                let second = Task { try await pool.query("select 2 as n") }
                try await waitUntil("the second to wait") { pool.status.waitingCount == 2 }
                first.cancel()
                #expect(try await postgresError { _ = try await first.value }.code == .cancelled)
                #expect(pool.status.waitingCount == 1)
                return second
            }
            #expect(try await second.value[0].decode("n", as: Int.self) == 2)
        }
    }

    @Test("a caller out of patience gets a clear error, and one too many is refused at once")
    func patience() async throws {
        try await withPool { limits, _ in
            limits.connectionsMax = 1
            limits.waitersMax = 1
            limits.waitTimeLimit = .milliseconds(100)
        } _: { pool in
            try await pool.withConnection(waitTimeLimit: .seconds(30)) { _ in
                let waiter = Task { try await pool.query("select 1") }
                try await waitUntil("the caller to wait") { pool.status.waitingCount == 1 }
                #expect(try await postgresError { try await pool.query("select 1") }.code == .poolOverloaded)
                let error = try await postgresError { _ = try await waiter.value }
                #expect(error.code == .poolTimedOut && error.isTransient)
            }
            try await pool.query("select 1")
        }
    }

    @Test("a connection returned inside a transaction is discarded, and its work undone")
    func openTransaction() async throws {
        try await withPool { pool in
            try await pool.query("create table left_open (a int4)")
            try await pool.withConnection { connection in
                try await connection.executeScript("begin; insert into left_open values (1)")
            }
            #expect(pool.status.idleCount == 0)
            #expect(try await pool.query("select from left_open").isEmpty)
        }
    }

    @Test("a connection the server ended while it lay idle is replaced unnoticed")
    func idleTerminated() async throws {
        try await withPool { pool in
            let backend = try await pool.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
            try await withConnection { other in
                try await other.query("select pg_terminate_backend($1, 5000)", [backend])
            }
            #expect(try await pool.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self) != backend)
            #expect(pool.status.idleCount == 1)
        }
    }

    @Test("a connection idle for long proves itself before it is lent out")
    func idleCheck() async throws {
        try await withPool { limits, _ in
            limits.idleCheckAfter = .zero
        } _: { pool in
            let first = try await pool.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
            #expect(try await pool.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self) == first)
        }
    }

    @Test("connections idle beyond their time are closed")
    func idleClosed() async throws {
        try await withPool { limits, configuration in
            limits.idleTimeLimit = .milliseconds(50)
            configuration.applicationName = "idle-closed"
        } _: { pool in
            try await pool.query("select 1")
            try await waitUntil("the idle connection to go") { pool.status.idleCount == 0 }
            try await withConnection { observer in
                try await waitUntil("the server to see it") {
                    try await observer.query("select from pg_stat_activity where application_name = 'idle-closed'")
                        .isEmpty
                }
            }
        }
    }

    @Test("shutting down refuses callers, sends waiters home, and waits for leases")
    func shutdown() async throws {
        var limits = PostgresPool.Limits()
        limits.connectionsMax = 1
        let pool = PostgresPool(PrivateServer.shared.configuration(), limits: limits, logger: quietLogger)
        let (leased, release) = (Gate(), Gate())
        let lease = Task {
            try await pool.withConnection { connection in
                leased.open()
                await release.wait()
                return try await connection.query("select 1 as n")[0].decode("n", as: Int.self)
            }
        }
        await leased.wait()
        let waiter = Task { try await pool.query("select 1") }
        try await waitUntil("the caller to wait") { pool.status.waitingCount == 1 }
        let ending = Task { await pool.shutdown() }
        #expect(try await postgresError { _ = try await waiter.value }.code == .poolClosed)
        #expect(try await postgresError { try await pool.query("select 1") }.code == .poolClosed)
        release.open()
        #expect(try await lease.value == 1)
        await ending.value
        #expect(pool.status.leasedCount == 0 && pool.status.idleCount == 0)
        await pool.shutdown()
    }

    @Test("shutting down out of patience ends the statements that still run")
    func shutdownForced() async throws {
        let pool = PostgresPool(PrivateServer.shared.configuration(), logger: quietLogger)
        let sleeper = Task { try await pool.query("select pg_sleep(600) /* shut down */") }
        try await withConnection { observer in
            try await waitUntil("the statement to run") {
                try await !observer.query(
                    "select from pg_stat_activity where query like '%/* shut down */' and wait_event = 'PgSleep'"
                ).isEmpty
            }
        }
        await pool.shutdown(within: .zero)
        #expect(try await postgresError { _ = try await sleeper.value }.code == .connectionLost)
    }

    @Test("a server that refuses for good is reported at once")
    func refusedForGood() async throws {
        let configuration = try PostgresConfiguration(
            url: PrivateServer.shared.url.replacing("/postgres?", with: "/nowhere?"))
        let pool = PostgresPool(configuration, logger: quietLogger)
        #expect(try await postgresError { try await pool.query("select 1") }.sqlState == "3D000")
        #expect(pool.status.connectingCount == 0)
    }
}
