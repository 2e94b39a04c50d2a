import FoundationEssentials
import Testing

@testable import Postgres

@Suite("Values")
struct ValueTests {
    /// Sends the value, has the server describe its type, and reads it back.
    private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable>(
        _ value: T, _ sql: SQL, expecting type: PostgresType, on connection: PostgresConnection
    ) async throws {
        let rows = try await connection.query(sql, [value])
        #expect(rows.columns[0].type == type)
        #expect(try rows[0].decode("value", as: T.self) == value)
    }

    @Test("every scalar type survives the round trip at its extremes")
    func scalars() async throws {
        try await withConnection { connection in
            for value in [Int16.min, -1, 0, .max] {
                try await roundTrip(value, "select $1 as value", expecting: .int2, on: connection)
            }
            for value in [Int32.min, -1, 0, .max] {
                try await roundTrip(value, "select $1 as value", expecting: .int4, on: connection)
            }
            for value in [Int64.min, -1, 0, .max] {
                try await roundTrip(value, "select $1 as value", expecting: .int8, on: connection)
            }
            try await roundTrip(Int.max, "select $1 as value", expecting: .int8, on: connection)
            try await roundTrip(true, "select $1 as value", expecting: .bool, on: connection)
            try await roundTrip(false, "select $1 as value", expecting: .bool, on: connection)
            for value in [0.1, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
                try await roundTrip(value, "select $1 as value", expecting: .float8, on: connection)
            }
            for value in ["", "plain", "naïve 👩‍👧 \\ ' \" \t\n", String(repeating: "x", count: 100_000)] {
                try await roundTrip(value, "select $1 as value", expecting: .text, on: connection)
            }
            for value in [[], [0], [UInt8](0...255)] as [[UInt8]] {
                try await roundTrip(value, "select $1 as value", expecting: .bytea, on: connection)
            }
            try await roundTrip(UUID(), "select $1 as value", expecting: .uuid, on: connection)
            for value in [
                Duration.zero, .microseconds(-1), .seconds(-86_401), .milliseconds(1500), .seconds(10_000_000),
            ] {
                try await roundTrip(value, "select $1 as value", expecting: .interval, on: connection)
            }
            let json = PostgresJSON(#"{"a": [1, 2.50, null], "b": "ü"}"#)
            try await roundTrip(json, "select $1 as value", expecting: .jsonb, on: connection)
        }
    }

    @Test("NULL of every type is nil, and reading it as a value is an error that names column and type")
    func nulls() async throws {
        try await withConnection { connection in
            let rows = try await connection.query(
                "select $1 as a, $2 as b, $3 as c, $4 as d, $5 as e, $6 as f, $7 as g, $8 as h, $9 as i, $10 as j",
                [
                    nil as Int16?, nil as Int64?, nil as Bool?, nil as Double?, nil as String?, nil as [UInt8]?,
                    nil as UUID?, nil as Date?, nil as PostgresJSON?, nil as [String?]?,
                ])
            let row = rows[0]
            #expect(try row.decode("a", as: Int16?.self) == nil)
            #expect(try row.decode("b", as: Int64?.self) == nil)
            #expect(try row.decode("c", as: Bool?.self) == nil)
            #expect(try row.decode("d", as: Double?.self) == nil)
            #expect(try row.decode("e", as: String?.self) == nil)
            #expect(try row.decode("f", as: [UInt8]?.self) == nil)
            #expect(try row.decode("g", as: UUID?.self) == nil)
            #expect(try row.decode("h", as: Date?.self) == nil)
            #expect(try row.decode("i", as: PostgresJSON?.self) == nil)
            #expect(try row.decode("j", as: [String?]?.self) == nil)
            let error = try await postgresError { _ = try row.decode("e", as: String.self) }
            #expect(error.code == .decode)
            #expect("\(error)" == "decode: column e (text) is NULL, but String was asked for")
        }
    }

    @Test("arrays keep their order, their NULLs, and their emptiness")
    func arrays() async throws {
        try await withConnection { connection in
            let uuid = UUID()
            let date = Date(timeIntervalSinceReferenceDate: 800_000_000.123456)
            let rows = try await connection.query(
                "select $1 as a, $2 as b, $3 as c, $4 as d, $5 as e, $6 as f, $7 as g, $8 as h, $9 as i",
                [
                    [Int64.min, 0, .max], ["a", nil, "", "{,}\"\\"], [uuid, nil], [nil, date], [true, nil, false],
                    [PostgresJSON("{}"), nil, PostgresJSON("[1]")], [[1, 2], nil, []] as [[UInt8]?], [] as [String],
                    [nil, nil] as [Int32?],
                ])
            let row = rows[0]
            #expect(try row.decode("a", as: [Int64].self) == [.min, 0, .max])
            #expect(try row.decode("b", as: [String?].self) == ["a", nil, "", "{,}\"\\"])
            #expect(try row.decode("c", as: [UUID?].self) == [uuid, nil])
            #expect(try row.decode("d", as: [Date?].self) == [nil, date])
            #expect(try row.decode("e", as: [Bool?].self) == [true, nil, false])
            #expect(try row.decode("f", as: [PostgresJSON?].self) == [PostgresJSON("{}"), nil, PostgresJSON("[1]")])
            #expect(try row.decode("g", as: [[UInt8]?].self) == [[1, 2], nil, []])
            #expect(try row.decode("h", as: [String].self) == [])
            #expect(try row.decode("i", as: [Int32?].self) == [nil, nil])
            #expect(rows.columns.map(\.type.description).prefix(3) == ["int8[]", "text[]", "uuid[]"])
            // The server sees the same arrays, not just the bytes it echoes.
            let seen = try await connection.query(
                "select array_length($1, 1) as length, $1[2] is null as missing, cardinality($2) as none",
                [["a", nil, "c"], [] as [Date]])
            #expect(try seen[0].decode("length", as: Int.self) == 3)
            #expect(try seen[0].decode("missing", as: Bool.self))
            #expect(try seen[0].decode("none", as: Int.self) == 0)
        }
    }

    @Test("a date is rounded to the nearest microsecond and agrees with the server's own reading")
    func dates() async throws {
        try await withConnection { connection in
            let cases: [(TimeInterval, String)] = [
                (0, "978307200000000"), (-1e-6, "978307199999999"), (-31_622_400, "946684800000000"),
                (-31_622_400.000001, "946684799999999"), (0.0000014, "978307200000001"),
                (0.0000016, "978307200000002"), (-978_307_200, "0"), (-978_307_200.5, "-500000"),
                (800_000_000.999999, "1778307200999999"),
            ]
            for (seconds, microseconds) in cases {
                let date = Date(timeIntervalSinceReferenceDate: seconds)
                let rows = try await connection.query(
                    "select (extract(epoch from $1) * 1000000)::numeric(30, 0) as text, $1 as value", [date])
                #expect(try rows[0].decode("text", as: String.self) == microseconds)
                let back = try rows[0].decode("value", as: Date.self)
                #expect(abs(back.timeIntervalSince(date)) <= 0.0000005)
            }
        }
    }

    @Test("whole microseconds come back unchanged, whatever the date")
    func datesDoNotDrift() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        let microseconds = (0..<2000).map { _ in
            Int64.random(in: -2_000_000_000_000_000...4_000_000_000_000_000, using: &random)
        }
        let dates = microseconds.map { Date(timeIntervalSinceReferenceDate: Double($0) / 1_000_000) }
        try await withConnection { connection in
            let rows = try await connection.query(
                """
                select $1 as value,
                       array(select ((extract(epoch from d) - 978307200) * 1000000)::int8 from unnest($1) d) as seen
                """,
                [dates])
            #expect(try rows[0].decode("value", as: [Date].self) == dates)
            #expect(try rows[0].decode("seen", as: [Int64].self) == microseconds)
        }
    }

    @Test("dates that timestamptz cannot hold, and infinite ones, are errors and not traps")
    func impossibleDates() async throws {
        for seconds in [Double.infinity, .nan, 1e300, -1e300] {
            let error = try await postgresError {
                _ = try EncodedParameters([Date(timeIntervalSinceReferenceDate: seconds)])
            }
            #expect(error.code == .encode)
        }
        try await withConnection { connection in
            let rows = try await connection.query(
                "select 'infinity'::timestamptz as value, interval '1 month' as month")
            #expect(try await postgresError { _ = try rows[0].decode("value", as: Date.self) }.code == .decode)
            #expect(try await postgresError { _ = try rows[0].decode("month", as: Duration.self) }.code == .decode)
        }
    }

    @Test("numeric is read digit by digit as the server prints it")
    func numerics() async throws {
        try await withConnection { connection in
            for text in [
                "0", "0.00", "1", "-1", "10000", "12345678901234567890.0987654321", "0.0001", "0.00010", "-0.000000001",
                "99999999", "100000000", "1e30", "NaN", "Infinity", "-Infinity", "1000000.5000",
            ] {
                let rows = try await connection.query(
                    "select $1::numeric as value, $1::numeric::text as text", [PostgresText(text)])
                let (value, printed) = try rows[0].decode(String.self, String.self)
                #expect(value == printed)
            }
        }
    }

    @Test("columns are read by name, by position, and together; names and types that do not fit are told apart")
    func columns() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                """
                select 7::int2 as small, 'x'::varchar as word, 'pg_class'::name as name, '{"a":1}'::json as json,
                       70000 as big,
                       interval '1 day 1.5 seconds' as span, 'abc'::text as letters, 1.5::float4 as real
                """)[0]
            let (small, word, name) = try row.decode(Int64.self, String.self, String.self)
            #expect(small == 7 && word == "x" && name == "pg_class")
            #expect(try row.decode(at: 3, as: [UInt8].self) == [UInt8](#"{"a":1}"#.utf8))
            #expect(try row.decode("span", as: Duration.self) == .seconds(86_401) + .milliseconds(500))
            #expect(try row.decode("letters", as: [UInt8].self) == [UInt8]("abc".utf8))
            #expect(try row.decode("real", as: Double.self) == 1.5)
            let wrong = try await postgresError { _ = try row.decode("word", as: Int64.self) }
            #expect("\(wrong)" == "decode: column word is of type varchar, which cannot be read as Int64")
            let narrow = try await postgresError { _ = try row.decode("big", as: Int16.self) }
            #expect("\(narrow)" == "decode: column big (int4) cannot be read as Int16: the number does not fit")
            #expect(try await postgresError { _ = try row.decode("none", as: Int16.self) }.code == .decode)
            #expect(try await postgresError { _ = try row.decode(at: 8, as: Int16.self) }.code == .decode)
            #expect(try await postgresError { _ = try row.decode(at: -1, as: Int16.self) }.code == .decode)
        }
    }

    @Test("bytes that are not what their type promises are errors and never traps")
    func malformedCells() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        let types: [PostgresType] = [
            .bool, .int2, .int4, .int8, .float8, .text, .bytea, .uuid, .timestamptz, .interval, .numeric, .jsonb,
            PostgresType.int8.arrayType!, PostgresType.text.arrayType!, PostgresType.jsonb.arrayType!, .inferred,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...3, using: &random) : .random(in: 0...255, using: &random)
            }
            bytes.withUnsafeBytes { buffer in
                let cell = PostgresCell(bytes: buffer, type: types.randomElement(using: &random)!, column: "c")
                _ = try? Int64.decode(cell)
                _ = try? Bool.decode(cell)
                _ = try? Double.decode(cell)
                _ = try? String.decode(cell)
                _ = try? [UInt8].decode(cell)
                _ = try? UUID.decode(cell)
                _ = try? Date.decode(cell)
                _ = try? Duration.decode(cell)
                _ = try? PostgresJSON.decode(cell)
                _ = try? [Int64?].decode(cell)
                _ = try? [String?].decode(cell)
                _ = try? [[UInt8]].decode(cell)
                _ = try? [PostgresJSON].decode(cell)
            }
        }
    }

    @Test("a 20 MB parameter arrives whole")
    func largeParameter() async throws {
        let bytes = [UInt8](unsafeUninitializedCapacity: 20_000_000) { buffer, count in
            for index in 0..<20_000_000 { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
            count = 20_000_000
        }
        try await withConnection { connection in
            let rows = try await connection.query("select $1 as value, length($1) as length", [bytes])
            #expect(try rows[0].decode("length", as: Int.self) == 20_000_000)
            #expect(try rows[0].decode("value", as: [UInt8].self) == bytes)
        }
    }

    @Test("slices of a received body arrive as elements of text[], jsonb[] and bytea[]")
    func slices() async throws {
        var body: [UInt8] = []
        var ranges: [Range<Int>?] = []
        for index in 0..<250 {
            let record = [UInt8](#"{"id": \#(index), "pad": "\#(String(repeating: "ä", count: 1000))"}"#.utf8)
            ranges.append(index == 7 ? nil : body.count..<body.count + record.count)
            body += record + [UInt8(ascii: ",")]
        }
        let slices = PostgresByteRanges(of: body, ranges)
        try await withConnection { connection in
            let rows = try await connection.query(
                """
                select (select sum((e::jsonb ->> 'id')::int) from unnest($1) e) as texts,
                       (select sum((e ->> 'id')::int) from unnest($2) e) as documents,
                       (select sum(length(e)) from unnest($3) e) as bytes,
                       array_position($1, null) as missing, cardinality($4) as none
                """,
                [
                    PostgresSliceArray(slices, as: .text), PostgresSliceArray(slices, as: .jsonb),
                    PostgresSliceArray(slices, as: .bytea),
                    PostgresSliceArray(PostgresByteRanges(of: [], []), as: .jsonb),
                ])
            let expected = (0..<250).reduce(0, +) - 7
            #expect(try rows[0].decode("texts", as: Int.self) == expected)
            #expect(try rows[0].decode("documents", as: Int.self) == expected)
            #expect(try rows[0].decode("bytes", as: Int.self) == slices.byteCount)
            #expect(try rows[0].decode("missing", as: Int.self) == 8)
            #expect(try rows[0].decode("none", as: Int.self) == 0)
        }
    }

    @Test("values that cannot be sent are refused before anything is")
    func refusedValues() async throws {
        let many = [any PostgresEncodable](repeating: 1, count: 65_536)
        #expect(try await postgresError { _ = try EncodedParameters(many) }.code == .encode)
        #expect(try await postgresError { _ = try EncodedParameters([PostgresText("a\0b")]) }.code == .encode)
        #expect(try await postgresError { _ = try EncodedParameters([[[Int64(1)]]]) }.code == .encode)
        #expect(try await postgresError { _ = try EncodedParameters([[PostgresText("1")]]) }.code == .encode)
    }
}

/// A small generator whose sequence a seed repeats.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
