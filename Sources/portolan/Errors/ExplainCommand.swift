internal import ArgumentParser
internal import Foundation
internal import Health
internal import Logging
internal import Platforms
internal import Postgres
internal import RawJSON

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Which code an answer gets, by which rule, and why not by another.",
        discussion: """
            Takes an answer (--status, --body, --header) or a libcurl result code (--curl). With a database, the rules \
            in portolan.error_rules are asked first; --rule tries one that is not there yet.

            portolan errors explain --platform shopify --status 403 --body answer.json
            portolan errors explain --curl 60
            """)

    @Option(help: "Key of the platform, e.g. shopify. Without one only the rules for all platforms are asked.")
    var platform: String?

    @Option(help: "HTTP status of the answer.")
    var status: Int?

    @Option(help: "File with the answer's body; - reads standard input.")
    var body: String?

    @Option(name: .customLong("header"), help: "A header of the answer, 'Name: value'. May be given several times.")
    var headers: [String] = []

    @Option(help: "libcurl's result code, where no answer came.")
    var curl: Int?

    @Option(help: "Route template of the request, e.g. /orders/{id}.")
    var route: String?

    @Option(help: "What was being done, e.g. list, get, auth.")
    var operation: String?

    @Option(help: "Resource that was read, e.g. orders.")
    var resource: String?

    @Option(help: "File with the JSON definition of a rule that is asked before all others.")
    var rule: String?

    @Flag(help: "One JSON object instead of text.")
    var json = false

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        guard (status == nil) != (curl == nil) else { throw ValidationError("give one of --status and --curl") }
        if let status, !(100...999).contains(status) { throw ValidationError("--status is a number from 100 to 999") }
        if let bad = headers.first(where: { !$0.contains(":") }) {
            throw ValidationError("--header `\(bad)` is not of the form 'Name: value'")
        }
        if let platform, !allPlatforms.contains(where: { $0.key == platform }) {
            let known = allPlatforms.map(\.key).joined(separator: ", ")
            throw ValidationError("there is no platform `\(platform)`; there are \(known)")
        }
    }

    func run() async throws {
        let known = allPlatforms.first { $0.key == platform }
        let book = try await book(of: known)
        let evidence = try evidence(shape: book.shape)
        let explanation = book.explain(evidence)
        let error = UnifiedError(explanation.finding, evidence, shape: book.shape, hosting: book.hosting)
        let report = ExplainReport(error, explanation, evidence, platformName: known?.name)
        print(json ? try report.json : report.text)
    }

    private func book(of platform: (any Platform)?) async throws -> RuleBook {
        var overrides: [ErrorRule] = []
        if let rule {
            let definition = String(decoding: try read(rule), as: UTF8.self)
            do throws(ErrorRule.Problem) {
                overrides.append(try ErrorRule(id: "tried", definition: definition))
            } catch {
                throw ValidationError("--rule \(rule): \(error)")
            }
        }
        if database.databaseURL ?? Environment.value("PORTOLAN_DATABASE_URL") != nil {
            let pool = try database.pool(
                applicationName: "portolan errors explain", connectionsMax: 1,
                logger: Logger(label: "portolan.errors") { _ in SwiftLogNoOpLogHandler() })
            do throws(PostgresError) {
                let stored = try await ErrorRuleStore.rules(in: pool, platform: platform?.key)
                overrides += stored.rules
                for problem in stored.problems { Environment.printError("left out: \(problem)") }
            } catch {
                Environment.printError("the rules of the database are left out: \(error)")
            }
            await pool.shutdown(within: .seconds(2))
        }
        if let platform { return RuleBook(of: platform, overrides: overrides) }
        return RuleBook(rules: [], hosting: nil, overrides: overrides)
    }

    private func evidence(shape: ErrorShape) throws -> ErrorEvidence {
        let now = Date()
        guard let status else {
            return ErrorEvidence(
                transport: "curl", curlCode: curl, means: nil, "", now: now, operation: operation, resource: resource,
                route: route)
        }
        let pairs = headers.map { header in
            let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: parts[0].trimmed, value: parts.count > 1 ? parts[1].trimmed : "")
        }
        let response = PlatformResponse(
            status: status, headers: pairs, body: PaddedBytes(try body.map { Array(try read($0)) } ?? []),
            requestedAt: now)
        return ErrorEvidence(
            response, shape: shape, now: now, operation: operation, resource: resource, route: route)
    }

    private func read(_ path: String) throws -> Data {
        if path == "-" { return FileHandle.standardInput.readDataToEndOfFile() }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) cannot be read")
        }
        return data
    }
}

extension Substring {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
