import Foundation
import Testing

@Suite("The pretix server of the tests", .serialized, .enabled(if: PretixServer.python != nil))
struct PretixServerTests {
    @Test("what is made, changed and deleted there shows in its own lists")
    func serves() async throws {
        let server = try await PretixServer.start()
        do {
            try await exercise(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func exercise(_ server: PretixServer) async throws {
        #expect(server.events.count > 1)
        try await server.fill(seed: 1, customers: 3, orders: 6)
        let filled = try await server.list()
        #expect(filled["customers"]?.count == 3)
        #expect(filled["orders"]?.count == 6)
        #expect(filled["events"]?.keys.sorted() == server.events.sorted())
        #expect(filled["items"]?.values.contains { String(decoding: $0, as: UTF8.self).contains("XXL") } == true)

        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        let edits = try await server.edit(seed: seed, edits: 6)
        #expect(edits.done.values.reduce(0, +) == 6, "seed \(seed): \(edits)")
        let edited = try await server.list()
        #expect(edited != filled, "seed \(seed): \(edits)")

        let tied = try await server.tie(orders: 3)
        let times = Set(
            try await server.list()["orders"]?.filter { tied.contains($0.key) }.map { _, order in
                (try JSONSerialization.jsonObject(with: order) as? [String: Any])?["last_modified"] as? String ?? ""
            } ?? [])
        #expect(tied.count == 3)
        #expect(times.count == 1, "seed \(seed): the tied orders have one time of modification, not \(times)")
    }
}
