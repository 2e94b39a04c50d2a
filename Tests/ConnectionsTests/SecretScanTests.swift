import Foundation
import Postgres
import TestKit
import Testing

@Suite("Looking for secrets", .serialized)
struct SecretScanTests {
    private static let secret = #"s3cr/t+"ä\ €–k=y&1"#
    private func scan() throws -> SecretScan { try SecretScan(["token": Self.secret, "other": "plain-password-1"]) }

    @Test("a secret is found in each form it may take, and the finding does not repeat it")
    func forms() throws {
        let secret = Self.secret
        let json = String(decoding: try JSONEncoder().encode([secret]), as: UTF8.self)
        let texts = [
            "plain": secret, "json": json,
            "json in json": String(decoding: try JSONEncoder().encode([json]), as: UTF8.self),
            "hex": Data(secret.utf8).map { String(format: "%02x", $0) }.joined(),
            "HEX": Data(secret.utf8).map { String(format: "%02X", $0) }.joined(),
            "url": try #require(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics)),
            "query": try #require(
                secret.addingPercentEncoding(
                    withAllowedCharacters: .urlQueryAllowed.subtracting(.init(charactersIn: "+&=")))),
            "form": try #require(
                secret.addingPercentEncoding(withAllowedCharacters: .init(charactersIn: "-._*").union(.alphanumerics))
            )
            .replacing("%20", with: "+"),
        ]
        for (name, text) in texts {
            let found = try scan().look(in: "before \(text) after", at: "a \(name) text")
            #expect(!found.isEmpty, "\(name): \(text)")
            for one in found {
                #expect(one.secret == "token" && one.place == "a \(name) text" && !"\(one)".contains("s3cr"))
            }
        }
    }

    @Test("base64 is found wherever the secret begins and ends in what was encoded")
    func base64() throws {
        for secret in [Self.secret, "plain-password-1", "12345678", "123456789", "1234567890"] {
            let scan = try SecretScan(["it": secret])
            for before in 0..<7 {
                for after in 0..<4 {
                    let text = String(repeating: "u", count: before) + secret + String(repeating: ":", count: after)
                    let encoded = Data(text.utf8).base64EncodedString()
                    let url = encoded.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
                    for form in [encoded, url] {
                        #expect(scan.look(in: "Basic \(form)\n", at: "x").contains { $0.form == "base64" }, "\(text)")
                    }
                }
            }
        }
    }

    @Test("nothing is found where nothing is, and a secret too short to look for is refused")
    func nothing() throws {
        #expect(try scan().look(in: "", at: "x").isEmpty)
        #expect(try scan().look(in: String(repeating: "an innocent text ", count: 1000), at: "x").isEmpty)
        #expect(try scan().look(in: Self.secret.dropFirst() + "plain-password-", at: "x").isEmpty)
        #expect(throws: SecretScan.Problem.self) { try SecretScan(["pin": "1234567"]) }
    }

    @Test("files are looked through at any depth, with their names, and broken bytes do no harm")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portolan-scan-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "a/b"), withIntermediateDirectories: true)
        try Data([0xFF, 0x00] + Array("…plain-password-1".utf8) + [0xC3]).write(to: folder.appending(path: "a/b/log"))
        try Data("nothing".utf8).write(to: folder.appending(path: "clean"))
        try Data().write(to: folder.appending(path: "a/plain-password-1.txt"))
        let found = try scan().files(under: folder.path)
        #expect(found.count == 2 && found.allSatisfy { $0.secret == "other" && $0.form == "plain" }, "\(found)")
        #expect(found.contains { $0.place.hasSuffix("a/b/log") })
        #expect(throws: SecretScan.Problem.self) { try scan().files(under: folder.path + "/nowhere") }
    }

    @Test("every column of every table is looked through, whatever its type, in every schema")
    func database() async throws {
        try await withPool { pool in
            #expect(try await scan().database(pool).isEmpty)
            try await pool.query(
                """
                create table public."Odd ""na""me" (t text, v varchar(80), j json, b jsonb, x bytea, a text[], n name,
                  c char(60), h integer)
                """)
            try await pool.query(
                "create table public.days (at date, note text) partition by range (at)")
            try await pool.query("create table public.days_1 partition of public.days default")
            let secret = "plain-password-1"
            let json = PostgresJSON("{\"k\": [{\"plain-password-1\": 1}]}")
            try await pool.query(
                """
                insert into public."Odd ""na""me" values ($1, 'x' || $1, $2::jsonb::json, $2, convert_to($1, 'UTF8'), array['a', $1], $1::name, $1, 1),
                  ($1, null, null, null, null, null, null, null, null)
                """, [secret, json])
            try await pool.query(
                "insert into public.days values ('2026-01-01', encode(convert_to($1, 'UTF8'), 'base64'))", [secret])
            try await pool.query(
                "insert into portolan.errors (code, fault, policy, message, evidence) values ('x', 'ours', 'fail', 'm', $1)",
                [secret])
            try await pool.query(
                "create function public.f() returns text language sql as $$ select 'plain-password-1' $$")
            try await pool.query("comment on table public.days is 'plain-password-1'")
            try await pool.query("select 1 as one")
            let places = Set(try await scan().database(pool).map(\.place))
            let columns = [
                "t, rows: 2", "v, rows: 1", "j, rows: 1", "b, rows: 1", "x, rows: 1", "a, rows: 1", "n, rows: 1",
                "c, rows: 1",
            ]
            for column in columns { #expect(places.contains("public.Odd \"na\"me.\(column)"), "\(column) \(places)") }
            for place in [
                "public.days.note, rows: 1", "portolan.errors.evidence, rows: 1", "the text of function f()",
                "the comment on days",
            ] {
                #expect(places.contains(place), "\(place) \(places)")
            }
            #expect(!places.contains { $0.contains("days_1") || $0.contains(".h") })
            let fewer = try await scan().database(pool, passingOver: ["public.days", "public.Odd \"na\"me"])
            #expect(!fewer.contains { $0.place.hasPrefix("public.") } && !fewer.isEmpty)
        }
    }
}
