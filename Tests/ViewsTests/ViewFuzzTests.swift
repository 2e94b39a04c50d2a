import Foundation
import Platforms
import Postgres
import TestKit
import Testing

/// Records that no platform should send, and some that platforms have sent.
@Suite("Views never raise") struct ViewFuzzTests {
    private static let seed: UInt64 =
        ProcessInfo.processInfo.environment["VIEWS_SEED"].flatMap(UInt64.init) ?? 20_261_122
    private static let mutantsPerPlatform = 2000

    @Test(
        "no spoilt record makes a view raise, loses a required value in silence, or shakes an identity",
        arguments: allPlatforms.map(\.key))
    func mutants(key: String) async throws {
        let platform = try #require(allPlatforms.first { $0.key == key })
        print("views of \(key) with VIEWS_SEED=\(Self.seed)")
        try await withDatabase { pool, _ in
            let probe = ViewProbe(pool: pool)
            let stored = try await probe.store(try mutants(of: platform), platform: key)
            #expect(stored > Self.mutantsPerPlatform * 9 / 10)
            try await probe.run("analyze portolan.raw_records")
            for view in try await probe.views(of: platform) {
                do {
                    _ = try await probe.evaluate(view)
                } catch {
                    Issue.record(
                        "\(view.name): \(String(reflecting: error)). First of \(try await culprits(view, probe))")
                }
            }
            let nulls = try await probe.silentNulls()
            #expect(nulls.isEmpty, "\(nulls)")
            // Rows may share an identifier: two were replaced by the same word.
            let identities = try await probe.wrongIdentities(unique: false)
            #expect(identities.isEmpty, "\(identities)")
        }
    }

    /// Each mutant is a connection of its own: a record with all that belongs to it, one of them spoilt.
    private func mutants(of platform: any Platform) throws -> [(connection: Int64, record: StoredRecord)] {
        let walk = SandboxWalk(platform, seed: 5, sizes: smallSizes, spoiltShare: 0)
        let records = try walk.records() + fixtureRecords(of: platform)
        let families = self.families(of: records, in: platform)
        let names = families.keys.sorted()
        var random = SeededRandom(seed: Self.seed)
        var mutator = JSONMutator(seed: Self.seed ^ 1)
        var mutants: [(connection: Int64, record: StoredRecord)] = []
        for connection in 1...Int64(Self.mutantsPerPlatform) {
            // Long lists are rare, as they are in life.
            let name = names[Int(connection) % names.count]
            let isLong = connection % 20 == 0
            guard let (short, long) = families[name],
                var family = (isLong && !long.isEmpty ? long : short).randomElement(using: &random)
            else { continue }
            let index = Int.random(in: 0..<family.count, using: &random)
            family[index].payload = mutator.mutate(family[index].payload)
            mutants += family.map { (connection, $0) }
        }
        return mutants
    }

    /// Records with the pages that belong to them, by resource: those without and those with such pages.
    private func families(
        of records: [StoredRecord], in platform: any Platform
    ) -> [String: (short: [[StoredRecord]], long: [[StoredRecord]])] {
        let pages = Dictionary(grouping: records.filter { $0.parentID != nil }) { $0.parentID ?? "" }
        var families: [String: (short: [[StoredRecord]], long: [[StoredRecord]])] = [:]
        for record in records where record.parentID == nil {
            let text = String(decoding: record.payload, as: UTF8.self)
            let children = platform.resource(record.resource)?.children ?? []
            let own = pages.filter { $0.key == record.id || text.contains("/\($0.key)\"") }.values.flatMap { $0 }
                .filter { children.contains($0.resource) }
            if own.isEmpty {
                families[record.resource, default: ([], [])].short.append([record])
            } else {
                families[record.resource, default: ([], [])].long.append([record] + own)
            }
        }
        return families
    }

    /// Which mutants a view raises for, found one by one.
    private func culprits(_ view: ProbedView, _ probe: ViewProbe) async throws -> String {
        for connection in 1...Self.mutantsPerPlatform {
            do {
                _ = try await probe.evaluate(view, where: "connection_id = \(connection)")
            } catch {
                let payload = try await probe.text(
                    """
                    select string_agg(resource || ' ' || left(payload::text, 3000), E'\\n')
                    from portolan.raw_records where connection_id = \(connection)
                    """
                )
                return "mutant \(connection): \(payload)"
            }
        }
        return "no single one"
    }
}
