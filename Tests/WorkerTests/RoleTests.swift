import Connections
import Foundation
import HTTP
import Jobs
import Postgres
import TestKit
import Testing

@testable import Worker

/// The whole fleet with no more rights than the roles give.
@Suite("Under least privilege", .serialized)
struct RoleTests {
    @Test("worker and scheduler need nothing but the worker's role: tick, pages, beats, maintenance, failure and end")
    func workerRole() async throws {
        try await Fleet.with { owner in
            let url = try await TestLogin.url("portolan_worker", to: owner.pool)
            let configuration = try PostgresConfiguration(url: url)
            let pool = PostgresPool(configuration, limits: .init(), logger: TestPostgres.logger)
            let fleet = Fleet(
                pool: pool, configuration: configuration, vault: owner.vault, connectionID: owner.connectionID)
            let queue = PostgresQueue(pool: pool)
            #expect(try await queue.enqueueDue(limit: 10).enqueued == 1)
            let job: Int64 = try await fleet.value("select job_id from portolan.jobs")
            let ending = try await fleet.runToEnd(
                job, ScriptedTransport { page, _ throws(HTTPError) in ScriptedTransport.answer(page, of: 3) })
            #expect(ending == "done")
            #expect(try await owner.recordCount() == 9)
            #expect(try await owner.streamState() == "in_sync")
            _ = try await queue.maintain()

            // And a platform that refuses: error row, states, back-off.
            let failing = try await fleet.enqueue()
            _ = try await fleet.runToEnd(
                failing, ScriptedTransport { _, _ throws(HTTPError) in ScriptedTransport.refusal(401) })
            #expect(try await owner.connectionState() == "needs_reauth")
            #expect(try await owner.errorCodes().isEmpty == false)

            #expect(!fleet.logs.text.contains("42501") && !fleet.logs.text.contains("permission denied"))
            let problems: [String] = try await owner.pool.query(
                "select error from portolan.maintenance where error is not null"
            ).map { try $0.decode(at: 0) }
            #expect(problems == [])
            await pool.shutdown(within: .seconds(2))
        }
    }

    @Test("a worker whose file of keys gains a key goes on without a restart, before, during and after the rotation")
    func rotation() async throws {
        try await Fleet.with { owner in
            let path = "/tmp/portolan-keys-\(UUID().uuidString)"
            let (old, new) = (Vault.makeMasterKey(), Vault.makeMasterKey())
            func write(_ keys: Secret...) throws {
                let text = keys.map { $0.reveal() }.joined(separator: "\n")
                try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            }
            defer { try? FileManager.default.removeItem(atPath: path) }
            try write(old)
            let vault = try Vault(keyFile: path)
            let sealed = try vault.seal(["token": Secret(Fleet.secret)], for: owner.connectionID)
            try await owner.pool.query(
                "select portolan.set_credentials($1, $2, $3)", [owner.connectionID, sealed.keyID, sealed.bytes])
            let fleet = Fleet(
                pool: owner.pool, configuration: owner.configuration, vault: vault, connectionID: owner.connectionID)
            let transport = ScriptedTransport { page, _ throws(HTTPError) in ScriptedTransport.answer(page, of: 1) }
            func sync() async throws {
                let job = try await fleet.enqueue()
                try await waitUntil("the job to end") { try await fleet.ending(job) == "done" }
            }
            try await fleet.run(transport) { _ in
                try await sync()
                try write(old, new)
                try await sync()
                try write(new, old)
                try await sync()
                let rotator = try Vault(keyFile: path)
                let end = try await KeyRotation(pool: owner.pool, vault: rotator).run()
                #expect(end.resealed == 1 && end.left == 0)
                try await sync()
                try write(new)
                try await sync()
            }
            #expect(transport.sent.count == 5)
            #expect(try await owner.errorCodes() == [])
        }
    }
}
