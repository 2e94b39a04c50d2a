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

extension Storms {
    @Suite("The queue behind a pooler in transaction mode", .serialized)
    struct PoolerTests {
        @Test("eight clients over three sessions race, and no job is lost or doubled", .timeLimit(.minutes(3)))
        func race() async throws {
            let seed = UInt64.random(in: .min ... .max)
            print("pooler race seed \(seed)")
            try await Self.withPooler { bed, pooled in
                let field = try await RaceField.lay(on: bed, connections: 16)
                try await Race.run(field.moved(to: pooled), clients: 8, seed: seed, seconds: 6)
                // What is left is run by one session whose clock is set, which a pooler would hand to others.
                try await Race.settle(field, seed: seed)
            }
        }

        @Test("every function answers as it does without a pooler", .timeLimit(.minutes(1)))
        func everyFunction() async throws {
            try await Self.withPooler { bed, pooled in
                let yard = try await LockYard.lay(on: pooled)
                for (number, act) in LockAct.allCases.enumerated() {
                    var hand = LockHand(yard: yard, pair: "\(act)", seed: UInt64(number))
                    await hand.hammer(act, until: .now + .milliseconds(50))
                }
                #expect(yard.faults == [])
                #expect(LockAct.allCases.allSatisfy { yard.counts["\($0)", default: 0] > 0 })
                let connection = try await pooled.addConnection("extra")
                #expect(try await pooled.queue.enqueueSync(connection: "extra", resource: "orders", band: .urgent) > 0)
                let worker = try await pooled.addWorker()
                // What the hands have left may be as urgent.
                var job = try await pooled.claimOne(worker)
                while job.connectionID != connection { job = try await pooled.claimOne(worker) }
                let slice = try await pooled.pool.query(
                    "select * from portolan.open_slice($1, $2, $3, 'orders')",
                    [job.lease.laneID, job.lease.token, job.jobID])
                #expect(slice.count == 1)
                #expect(try await pooled.queue.prove(job, records: 3, checkpoint: #"{"at": 1}"#) != nil)
                #expect(try await pooled.queue.finish(job, .done) == .done)
                #expect(try await pooled.queue.cancel([job.jobID, 0]) == [.notWaiting, .notWaiting])
                try await pooled.queue.pause(.connection(connection), reason: "x")
                #expect(try await pooled.queue.resume(.connection(connection)))
                try await pooled.queue.closeGate(platform: "tin", reason: "x", probeInterval: .seconds(1))
                #expect(try await pooled.queue.openGate(platform: "tin"))
                #expect(try await pooled.value("select portolan.make_days('job_events', 400)", as: Int32.self) > 0)
                try await pooled.pool.query("select portolan.drop_days('job_events')")
                #expect(try await RaceChecker(pool: pooled.pool).look() == [])
            }
        }

        /// Runs `body` with one database, seen directly and through the pooler.
        private static func withPooler(_ body: (Bed, Bed) async throws -> Void) async throws {
            try await Bed.with(connectionsMax: 4) { bed in
                let pooler = try await Pooler.start()
                do {
                    let database: String = try await bed.value("select current_database()::text")
                    let url = "postgresql://\(LocalPostgres.userName)@/\(database)?host=\(pooler.folder)&port=6432"
                    try await Bed.open(url, connectionsMax: 8, settings: []) { try await body(bed, $0) }
                } catch {
                    await pooler.stop()
                    throw error
                }
                await pooler.stop()
            }
        }
    }
}
