import Foundation
import LocalServers
import Postgres
import TestKit
import Testing

@testable import Jobs

/// PgBouncer in transaction mode in front of the tests' server, gone with this value's end.
private final class Pooler {
    let folder: String
    private let child: ChildProcess

    static func start() async throws -> Pooler {
        let server = try await TestPostgres.shared.server()
        let folder = "/tmp/portolan-pooler-" + String(UInt32.random(in: .min ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let settings = """
            [databases]
            * = host=\(server.socketFolder) port=\(server.port) user=\(LocalPostgres.userName)
            [pgbouncer]
            listen_addr =
            unix_socket_dir = \(folder)
            listen_port = 6432
            auth_type = any
            pool_mode = transaction
            default_pool_size = 3
            max_client_conn = 100
            """
        try settings.write(toFile: folder + "/pooler.ini", atomically: true, encoding: .utf8)
        // PgBouncer refuses to be root: it runs as the user that the server runs as.
        let owner = try FileManager.default.attributesOfItem(atPath: server.socketFolder)
        var user: ServerUser?
        if getuid() == 0, let id = owner[.ownerAccountID] as? UInt32, let group = owner[.groupOwnerAccountID] as? UInt32
        {
            user = ServerUser(name: owner[.ownerAccountName] as? String ?? "\(id)", userID: id, groupID: group)
            try FileManager.default.setAttributes(
                [.ownerAccountID: id, .groupOwnerAccountID: group], ofItemAtPath: folder)
        }
        let child = try await ChildProcess.start(
            Command("/usr/sbin/pgbouncer", ["-q", folder + "/pooler.ini"], folder: folder, user: user))
        let pooler = Pooler(folder: folder, child: child)
        for _ in 0..<1000 where !FileManager.default.fileExists(atPath: folder + "/.s.PGSQL.6432") {
            try #require(child.exitStatus == nil, "the pooler ended at once")
            try await Task.sleep(for: .milliseconds(10))
        }
        return pooler
    }

    private init(folder: String, child: ChildProcess) {
        self.folder = folder
        self.child = child
    }

    func stop() async {
        child.kill()
        _ = await child.waitForExit()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

@Suite("The queue behind a pooler in transaction mode", .serialized)
struct PoolerTests {
    @Test("eight clients over three sessions enqueue, claim, prove and finish every job once", .timeLimit(.minutes(2)))
    func hammer() async throws {
        try await withPool { pool in
            let pooler = try await Pooler.start()
            let database: String = try await pool.query("select current_database()::text")[0].decode(at: 0)
            let configuration = try PostgresConfiguration(
                url: "postgresql://\(LocalPostgres.userName)@/\(database)?host=\(pooler.folder)&port=6432")
            var limits = PostgresPool.Limits()
            limits.connectionsMax = 8
            let pooled = PostgresPool(configuration, limits: limits, logger: TestPostgres.logger)
            do {
                try await Self.run(pooled)
                let rows = try await pool.query(
                    """
                    select count(*), count(distinct job_id), count(*) filter (where outcome = 'done'),
                    sum(records_count)::bigint from portolan.job_history
                    """
                )
                let (all, distinct, done, records) = try rows[0].decode(Int64.self, Int64.self, Int64.self, Int64.self)
                #expect(all == 400 && distinct == 400 && done == 400 && records == 400)
                let left: Int64 = try await pool.query(
                    "select (select count(*) from portolan.jobs) + (select count(*) from portolan.leases)")[0].decode(
                        at: 0)
                #expect(left == 0)
            } catch {
                await pooled.shutdown(within: .seconds(2))
                await pooler.stop()
                throw error
            }
            await pooled.shutdown(within: .seconds(2))
            await pooler.stop()
        }
    }

    private static func run(_ pool: PostgresPool) async throws {
        let queue = Queue(pool: pool)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let connection: Int64 = try await pool.query(
                        """
                        select portolan.add_connection('toy', $1, 'https://shop.example', '{}', array['orders'],
                        array['main'], array[interval '1 s'])
                        """,
                        ["c\(number)"])[0].decode(at: 0)
                    let worker = UUID()
                    _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(600))
                    for _ in 0..<50 { try await pool.query("select portolan.enqueue($1, 'sync')", [connection]) }
                    try await Self.work(pool, queue, worker)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Works until no job is left, whoever enqueued it.
    private static func work(_ pool: PostgresPool, _ queue: Queue, _ worker: UUID) async throws {
        while true {
            let jobs = try await queue.claim(
                worker: worker, wishes: [("toy", .incremental)], lanes: 3, leaseMax: .seconds(60))
            if jobs.isEmpty {
                let left: Int64 = try await pool.query("select count(*) from portolan.jobs")[0].decode(at: 0)
                if left == 0 { return }
                await Task.yield()
            }
            for job in jobs {
                let proof = try await pool.withTransaction { transaction in
                    try await transaction.query(
                        "select * from portolan.prove($1, $2, $3, 1)", [job.lease.laneID, job.lease.token, job.jobID])
                }
                #expect(proof.count == 1)
            }
            let results = try await queue.finish(jobs.map { ($0, .done) })
            #expect(results.allSatisfy { $0 == "done" })
        }
    }
}
