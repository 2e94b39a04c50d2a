import Testing

@testable import Postgres

@Suite("Pipeline and COPY")
struct PipelineTests {
    @Test("results come back in order, and statements are known in the next pipeline")
    func order() async throws {
        try await withConnection { connection in
            for _ in 0..<3 {
                let list = (0..<100).map { PostgresStatement("select $1::int8 as n", [$0]) }
                let results = try await connection.queryAll(list)
                #expect(try results.map { try $0.get()[0].decode("n", as: Int.self) } == Array(0..<100))
            }
            #expect(try await connection.queryAll([]).isEmpty)
            #expect(try await connection.query("select $1::int8 as n", [5])[0].decode("n", as: Int.self) == 5)
        }
    }

    @Test("a failure among statements that belong together aborts the later ones and undoes the earlier")
    func failureTogether() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (a int4 primary key)")
            let insert: SQL = "insert into t values ($1)"
            for _ in 0..<2 {
                let results = try await connection.queryAll([
                    PostgresStatement(insert, [Int32(1)]), PostgresStatement("select 1 / $1::int8", [0]),
                    PostgresStatement(insert, [Int32(2)]), PostgresStatement("nonsense"),
                ])
                #expect(try results[0].get().affectedRowCount == 1)
                #expect(throws: PostgresError.self) { try results[1].get() }
                #expect(results.map(\.failure?.code) == [nil, .server, .pipelineAborted, .pipelineAborted])
                #expect(results[1].failure?.sqlState == "22012")
                #expect(try await connection.query("select from t").isEmpty)
            }
        }
    }

    @Test("statements sent separately fail separately")
    func failureSeparately() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (a int4 primary key)")
            let insert: SQL = "insert into t values ($1)"
            let results = try await connection.queryAll(
                [
                    PostgresStatement(insert, [Int32(1)]), PostgresStatement("nonsense"),
                    PostgresStatement(insert, [Int32(1)]), PostgresStatement(insert, [Int32(2)]),
                    PostgresStatement("nonsense"),
                ], grouping: .separately)
            #expect(results.map(\.failure?.sqlState) == [nil, "42601", "23505", nil, "42601"])
            #expect(try await connection.query("select from t").count == 2)
        }
    }

    @Test("a transaction in one round trip either happens or does not")
    func transactionInOneTrip() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (a int4 primary key)")
            let insert: SQL = "insert into t values ($1)"
            let list = [PostgresStatement("begin"), PostgresStatement(insert, [Int32(1)]), PostgresStatement("commit")]
            #expect(try await connection.queryAll(list).allSatisfy { $0.failure == nil })
            let again = try await connection.queryAll(list)
            #expect(again.map(\.failure?.code) == [nil, .server, .pipelineAborted])
            // The transaction is still open and failed; ending it is the caller's.
            #expect(!connection.signals.isReusable)
            try await connection.query("rollback")
            #expect(connection.signals.isReusable)
        }
    }

    @Test("large parameters and large results in one pipeline do not block each other")
    func largeBothWays() async throws {
        let block = [UInt8](repeating: 7, count: 1_000_000)
        try await withConnection { connection in
            let results = try await connection.queryAll(
                (0..<20).map { _ in PostgresStatement("select $1 as b", [block]) })
            for result in results { #expect(try result.get()[0].decode("b", as: [UInt8].self) == block) }
        }
    }

    @Test("COPY in binary form stores what was written, NULLs included")
    func copyBinary() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (id int8, word text, data bytea, list text[])")
            let count = try await connection.copyIn("copy t from stdin (format binary)", format: .binary) { writer in
                for id in 0..<20_000 {
                    try await writer.write(row: [
                        id, id % 3 == 0 ? nil : "wörd \(id)", [UInt8(id % 256)], ["a", nil] as [String?],
                    ])
                }
            }
            #expect(count == 20_000)
            let row = try await connection.query(
                """
                select count(*) as n, count(word) as words, max(word) filter (where id = 1) as one,
                       sum(length(data)) as bytes, max(list) as list from t
                """
            )[0]
            let (n, words, one, bytes) = try row.decode(Int.self, Int.self, String.self, Int.self)
            #expect(n == 20_000 && words == 13_333 && one == "wörd 1" && bytes == 20_000)
            #expect(try row.decode("list", as: [String?].self) == ["a", nil])
        }
    }

    @Test("COPY in text form escapes what lines and fields are made of")
    func copyText() async throws {
        let words = ["plain", "tab\there", "line\nbreak", "back\\slash", "\\N", "", "\r", "\\."]
        try await withConnection { connection in
            try await connection.query("create temp table t (id int4, word text)")
            let count = try await connection.copyIn("copy t from stdin", format: .text) { writer in
                for (index, word) in words.enumerated() { try await writer.write(line: ["\(index)", word]) }
                try await writer.write(line: ["99", nil])
                try await writer.write([UInt8](String(repeating: "100\tbulk\n", count: 30_000).utf8))
            }
            #expect(count == 9 + 30_000)
            let rows = try await connection.query("select word from t where id < 100 order by id")
            #expect(try rows.map { try $0.decode("word", as: String?.self) } == words + [nil])
        }
    }

    @Test("a COPY whose writer throws leaves no rows and a usable connection")
    func copyAbort() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (id int8)")
            await #expect(throws: BodyError(number: 3)) {
                try await connection.copyIn("copy t from stdin (format binary)", format: .binary) { writer in
                    for id in 0..<50_000 { try await writer.write(row: [id]) }
                    throw BodyError(number: 3)
                }
            }
            #expect(try await connection.query("select from t").isEmpty)
            #expect(connection.signals.isReusable)
        }
    }

    @Test("a COPY the server refuses reports the server's reason and leaves a usable connection")
    func copyRefused() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (id int8 primary key)")
            let late = try await postgresError {
                try await connection.copyIn("copy t from stdin (format binary)", format: .binary) { writer in
                    for _ in 0..<200_000 { try await writer.write(row: [1]) }
                }
            }
            #expect(late.sqlState == "23505")
            let early = try await postgresError {
                try await connection.copyIn("copy nowhere from stdin", format: .text) { _ in }
            }
            #expect(early.sqlState == "42P01")
            let wrong = try await postgresError {
                try await connection.copyIn("select 1", format: .text) { _ in }
            }
            #expect(wrong.code == .misuse)
        }
    }

    @Test("while a COPY is under way the connection refuses anything else")
    func copyExclusive() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (id int4)")
            try await connection.copyIn("copy t from stdin", format: .text) { writer in
                try await writer.write(line: ["1"])
                #expect(!connection.signals.isReusable)
                let error = try await postgresError { try await connection.query("select 1") }
                #expect(error.code == .misuse)
                let binary = try await postgresError { try await writer.write(row: [1]) }
                #expect(binary.code == .misuse)
            }
            #expect(try await connection.query("select from t").count == 1)
        }
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
