import Foundation
import Health
import Platforms
import Testing

@Suite("The table of codes")
struct ErrorCodeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("every code that is declared is in the table, once, and can be found by its name")
    func complete() throws {
        let source = try String(
            contentsOf: Self.root.appending(path: "Sources/Platforms/Core/ErrorCode+All.swift"), encoding: .utf8)
        let declared = source.split(separator: "package static let ").count - 2
        #expect(ErrorCode.all.count == declared)
        #expect(Set(ErrorCode.all.map(\.name)).count == declared)
        for code in ErrorCode.all {
            #expect(ErrorCode.named(code.name)?.policy == code.policy)
            #expect(code.name.wholeMatch(of: /[a-z]+\.[a-z_0-9]+/) != nil, "\(code.name)")
        }
        #expect(ErrorCode.named("rate.unheard_of") == nil)
    }

    @Test("what a code says of itself holds together")
    func consistent() {
        let stops: Set<ErrorCode.Policy> = [.needsReauthorisation, .blockConnection, .blockStream]
        for code in ErrorCode.all {
            if stops.contains(code.policy) { #expect(!code.countsAttempt, "\(code.name) stops at once") }
            if ["rate", "quota"].contains(code.family) { #expect(!code.countsAttempt, "\(code.name) is no failure") }
            if code.policy == .needsReauthorisation { #expect(code.health == .needsReauthorisation, "\(code.name)") }
            if code.policy == .blockConnection { #expect(code.health == .blocked, "\(code.name)") }
            if code.fault == .none { #expect([.none, .historyLimited].contains(code.customerCode), "\(code.name)") }
            if code.tries != nil { #expect(!code.afterwards.isEmpty, "\(code.name) is left without a next step") }
            if code.dependsOnHosting {
                #expect(["network", "tls"].contains(code.family), "\(code.name)")
                let hosted = Hosting.shared(baseURL: "https://api.example.com")
                #expect(code.fault(on: hosted) != .merchant && code.customerCode(on: hosted) == .platformTrouble)
                #expect(code.fault(on: .selfHosted) == code.fault)
            }
            if let successor = code.supersededBy { #expect(ErrorCode.named(successor) != nil) }
        }
    }

    @Test("docs/errors.md lists every code; PORTOLAN_WRITE_GOLDEN=1 writes the list anew")
    func document() throws {
        let url = Self.root.appending(path: "docs/errors.md")
        let text = try String(contentsOf: url, encoding: .utf8)
        let begin = "<!-- codes: begin -->\n"
        let end = "<!-- codes: end -->"
        let start = try #require(text.firstRange(of: begin))
        let stop = try #require(text.firstRange(of: end))
        let wanted = text[..<start.upperBound] + Self.table + text[stop.lowerBound...]
        if ProcessInfo.processInfo.environment["PORTOLAN_WRITE_GOLDEN"] == "1" {
            try String(wanted).write(to: url, atomically: true, encoding: .utf8)
        } else {
            #expect(String(wanted) == text, "the list in docs/errors.md is not that of ErrorCode.all")
        }
    }

    private static var table: String {
        let head = """
            | Code | What it is | Fault | Policy | Attempt | Connection | Customer text |
            | --- | --- | --- | --- | --- | --- | --- |

            """
        return ErrorCode.all.reduce(head) { table, code in
            let tries = code.tries.map { " (\($0))" } ?? ""
            let first = "`\(code.policy.rawValue)`" + tries
            let policy = [first] + code.afterwards.map { "`\($0.rawValue)`" }
            let fault = code.fault.rawValue + (code.dependsOnHosting && code.fault == .merchant ? "\\*" : "")
            return table + "| `\(code.name)` | \(Texts.english.engineer(code)) | \(fault) | "
                + policy.joined(separator: ", ")
                + " | \(code.countsAttempt ? "yes" : "no") | \(code.health.rawValue.replacing("_", with: " ")) | "
                + "`\(code.customerCode.rawValue)` |\n"
        }
    }
}
