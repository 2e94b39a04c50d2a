import FoundationEssentials
import Jobs
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

@testable import Ingest

@Suite("Writers side by side", .serialized)
struct WriterTests {
    @Test(
        "two writers of the same records in opposite orders never deadlock, deletions included", .timeLimit(.minutes(2))
    )
    func opposite() async throws {
        try await LeasedStream.with { first in
            let second = try await LeasedStream.lease(first.pool, connection: first.job.connectionID, family: "bulk")
            let ids = (0..<200).map { "id\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (writer, stream) in [first, second].enumerated() {
                    group.addTask {
                        for round in 0..<40 {
                            let order = writer == 0 ? ids : ids.reversed()
                            let fetched = Double(200 + round)
                            switch round % 4 {
                            case 0, 1:
                                try await stream.commit(
                                    order.map { record($0, #"{"w": \#(writer), "r": \#(round)}"#, fetched: fetched) })
                            case 2:
                                // One record that is refused sends the whole page down the careful path.
                                try await stream.commit(
                                    order.map {
                                        record(
                                            $0, #"{"w": \#(writer), "r": \#(round), "t": "\u0000"}"#, fetched: fetched)
                                    })
                            default:
                                try await stream.commit(
                                    deletions: order.map {
                                        Deletion(
                                            resource: "orders", id: $0, deletedAt: time(0), source: .missingInFullSync)
                                    })
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let rows: Int64 = try await first.value("select count(*) from portolan.raw_records")
            #expect(rows == 200)
            let deadlocks: Int64 = try await first.value(
                "select deadlocks from pg_stat_database where datname = current_database()")
            #expect(deadlocks == 0)
        }
    }
}
