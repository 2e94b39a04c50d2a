import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite("The cost of a claim", .serialized)
struct PlanTests {
    @Test("a claim touches as many pages with 200,000 waiting jobs as with 10,000", .timeLimit(.minutes(2)))
    func flat() async throws {
        try await withPool(connectionsMax: 1) { pool in
            let connection: Int64 = try await pool.query(
                """
                select portolan.add_connection('toy', 'a', 'https://shop.example', '{}', array['orders'],
                array['main'], array[interval '60 s'])
                """
            )[0]
            .decode(at: 0)
            try await Self.fill(pool, connection, 10_000)
            let few = try await Self.pagesOfClaim(pool)
            try await Self.fill(pool, connection, 190_000)
            let many = try await Self.pagesOfClaim(pool)
            print("pages touched by a claim: \(few) at 10,000 waiting, \(many) at 200,000")
            // The index may have grown by a level; anything in proportion to the backlog would be thousands.
            #expect(many <= few + 12)
            #expect(few > 0)
        }
    }

    private static func fill(_ pool: PostgresPool, _ connection: Int64, _ count: Int32) async throws {
        try await pool.query(
            """
            select cardinality(portolan.enqueue_many(array_fill($1::bigint, array[n]), array_fill('sync'::text, array[n]),
              array_fill('{}'::jsonb, array[n]))) from (select $2::integer as n) c
            """, [connection, count])
        try await pool.query("vacuum analyze portolan.jobs")
        try await pool.query("vacuum analyze portolan.lanes")
    }

    /// Pages touched by a claim that is then rolled back; the least of five, because the first ones fill caches.
    private static func pagesOfClaim(_ pool: PostgresPool) async throws -> Int {
        struct Undone: Error {}
        var least = Int.max
        for _ in 0..<5 {
            var plan = ""
            do {
                try await pool.withTransaction { transaction in
                    let rows = try await transaction.query(
                        """
                        explain (analyze, buffers, format text)
                        select * from portolan.claim(gen_random_uuid(), array['toy'], array['incremental'], 1)
                        """)
                    plan = try rows.map { try $0.decode(at: 0, as: String.self) }.joined(separator: "\n")
                    throw Undone()
                }
            } catch {
                guard error.body is Undone else { throw error }
            }
            try #require(plan.contains("rows=1"), "\(plan)")
            let line = try #require(plan.split(separator: "\n").first { $0.contains("Buffers:") })
            let pages = line.split(whereSeparator: { $0 == " " || $0 == "," }).compactMap { word -> Int? in
                guard word.hasPrefix("hit=") || word.hasPrefix("read=") else { return nil }
                return Int(word.drop { $0 != "=" }.dropFirst())
            }
            least = min(least, pages.reduce(0, +))
        }
        return least
    }
}
