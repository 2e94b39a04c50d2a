internal import FoundationEssentials

extension ErrorRule {
    /// Why a definition is no rule: the field, and what is wrong with it.
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        package let field: String
        package let reason: String

        package var description: String { "\(field): \(reason)" }
    }

    /// A rule from its JSON definition, the form of `portolan.error_rules.definition`.
    ///
    /// What is not known is refused and not passed over: a rule of which a condition is left out would decide too much.
    package init(id: String, definition: String) throws(Problem) {
        let data = Data(definition.utf8)
        let wire: Wire
        do {
            let keys = try JSONDecoder().decode(Keys.self, from: data)
            if let unknown = keys.names.first(where: { Wire.CodingKeys(stringValue: $0) == nil }) {
                throw Problem(field: unknown, reason: "there is no such field")
            }
            wire = try JSONDecoder().decode(Wire.self, from: data)
        } catch let error as DecodingError {
            throw Problem(error)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(field: "definition", reason: "it is not a JSON object")
        }
        try self.init(id: id, wire)
    }

    /// The definition as JSON, with sorted keys; what is empty is left out.
    package var definition: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = (try? encoder.encode(Wire(self))) ?? Data("{}".utf8)
        return String(decoding: data, as: UTF8.self)
    }

    private init(id: String, _ wire: Wire) throws(Problem) {
        guard let code = ErrorCode.named(wire.code) else {
            throw Problem(field: "code", reason: "there is no code `\(wire.code.prefix(60))`")
        }
        self.init(id, code, wire.sentence)
        operations = wire.operations ?? []
        resources = wire.resources ?? []
        hosting = try Self.word(wire.hosting, "hosting")
        statuses = try (wire.statuses ?? []).map { text throws(Problem) in try Self.statuses(text) }
        curlCodes = wire.curl_codes ?? []
        transports = wire.transports ?? []
        headers = (wire.headers ?? []).map { Header($0.name, $0.is) }
        for name in wire.bodies ?? [] {
            if let kind: BodyKind = try Self.word(name, "bodies") { bodies.append(kind) }
        }
        hasReason = wire.has_reason
        codes = wire.codes ?? []
        paths = try (wire.paths ?? []).map { path throws(Problem) in try Self.path(path) }
        texts = (wire.texts ?? [:]).sorted { $0.key < $1.key }.flatMap { language, patterns in
            patterns.map { Text(language: language, pattern: $0) }
        }
        waits = try (wire.waits ?? []).map { wait throws(Problem) in try Self.wait(wait) }
        if let seconds = wire.fixed_wait_s {
            guard (0...Self.waitMax).contains(seconds) else {
                throw Problem(field: "fixed_wait_s", reason: "it is not a number of seconds from 0 to a week")
            }
            fixedWait = .milliseconds(Int64(seconds * 1000))
        }
        remedy = try Self.word(wire.remedy, "remedy") ?? .none
        policy = try Self.word(wire.policy, "policy")
        customerCode = try Self.word(wire.customer_code, "customer_code")
        guard hasConditions else {
            throw Problem(field: "definition", reason: "a rule without conditions would decide everything")
        }
    }

    private static let waitMax = 604_800.0

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ text: String?, _ field: String
    ) throws(Problem) -> Word? where Word.RawValue == String {
        guard let text else { return nil }
        if let word = Word(rawValue: text) { return word }
        let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
        throw Problem(field: field, reason: "`\(text.prefix(60))` is none of \(known)")
    }

    private static func statuses(_ wire: Wire.Status) throws(Problem) -> StatusRange {
        let bounds = wire.text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(bounds.count), let low = bounds[0], let high = bounds[bounds.count - 1],
            (100...999).contains(low), (low...999).contains(high)
        else { throw Problem(field: "statuses", reason: "`\(wire.text.prefix(20))` is no status and no range of them") }
        return StatusRange(low...high)
    }

    private static func path(_ wire: Wire.Path) throws(Problem) -> Path {
        switch (wire.any_of, wire.contains, wire.present) {
        case (let values?, nil, nil): return Path(wire.path, .anyOf(values))
        case (nil, let patterns?, nil): return Path(wire.path, .contains(patterns))
        case (nil, nil, let isPresent?): return Path(wire.path, isPresent ? .present : .absent)
        default: throw Problem(field: "paths", reason: "each needs one of any_of, contains and present")
        }
    }

    private static func wait(_ wire: Wire.Wait) throws(Problem) -> WaitSource {
        guard let unit: WaitSource.Unit = try word(wire.unit, "waits") else {
            throw Problem(field: "waits", reason: "each needs a unit")
        }
        let longest = wire.max_s.map { Duration.milliseconds(Int64(min(max($0, 0), waitMax) * 1000)) }
        switch (wire.header, wire.path) {
        case (let name?, nil): return WaitSource(.header(name), unit, max: longest ?? WaitSource.usualMax)
        case (nil, let path?): return WaitSource(.path(path), unit, max: longest ?? WaitSource.usualMax)
        default: throw Problem(field: "waits", reason: "each needs one of header and path")
        }
    }
}

/// The names of an object's members.
private struct Keys: Decodable {
    let names: [String]

    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        names = try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue)
    }
}

/// The definition as it is written; names are those of the JSON.
private struct Wire: Codable {
    var code: String
    var sentence: String
    var operations: [String]?
    var resources: [String]?
    var hosting: String?
    var statuses: [Status]?
    var curl_codes: [Int]?
    var transports: [String]?
    var headers: [Header]?
    var bodies: [String]?
    var has_reason: Bool?
    var codes: [String]?
    var paths: [Path]?
    var texts: [String: [String]]?
    var waits: [Wait]?
    var fixed_wait_s: Double?
    var remedy: String?
    var policy: String?
    var customer_code: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case code, sentence, operations, resources, hosting, statuses, curl_codes, transports, headers, bodies
        case has_reason, codes, paths, texts, waits, fixed_wait_s, remedy, policy, customer_code
    }

    /// A number, or a range as in `"500-599"`.
    struct Status: Codable {
        let text: String

        init(text: String) { self.text = text }

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            text = try (try? value.decode(Int.self)).map(String.init) ?? value.decode(String.self)
        }

        func encode(to encoder: any Encoder) throws {
            var value = encoder.singleValueContainer()
            if let number = Int(text) { try value.encode(number) } else { try value.encode(text) }
        }
    }

    struct Header: Codable {
        var name: String
        var `is`: String
    }

    struct Path: Codable {
        var path: String
        var any_of: [String]?
        var contains: [String]?
        var present: Bool?
    }

    struct Wait: Codable {
        var header: String?
        var path: String?
        var unit: String
        var max_s: Double?
    }

    init(_ rule: ErrorRule) {
        code = rule.code.name
        sentence = rule.sentence
        operations = Self.unlessEmpty(rule.operations)
        resources = Self.unlessEmpty(rule.resources)
        hosting = rule.hosting?.rawValue
        statuses = Self.unlessEmpty(rule.statuses.map { Status(text: $0.description) })
        curl_codes = Self.unlessEmpty(rule.curlCodes)
        transports = Self.unlessEmpty(rule.transports)
        headers = Self.unlessEmpty(rule.headers.map { Header(name: $0.name, is: $0.pattern) })
        bodies = Self.unlessEmpty(rule.bodies.map(\.rawValue))
        has_reason = rule.hasReason
        codes = Self.unlessEmpty(rule.codes)
        paths = Self.unlessEmpty(rule.paths.map(Self.path))
        let byLanguage = Dictionary(grouping: rule.texts, by: \.language).mapValues { $0.map(\.pattern) }
        texts = byLanguage.isEmpty ? nil : byLanguage
        waits = Self.unlessEmpty(rule.waits.map(Self.wait))
        fixed_wait_s = rule.fixedWait.map(Self.seconds)
        remedy = rule.remedy == .none ? nil : rule.remedy.rawValue
        policy = rule.policy?.rawValue
        customer_code = rule.customerCode?.rawValue
    }

    private static func unlessEmpty<Element>(_ list: [Element]) -> [Element]? { list.isEmpty ? nil : list }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func path(_ path: ErrorRule.Path) -> Path {
        switch path.test {
        case .present: Path(path: path.path, present: true)
        case .absent: Path(path: path.path, present: false)
        case .anyOf(let values): Path(path: path.path, any_of: values)
        case .contains(let patterns): Path(path: path.path, contains: patterns)
        }
    }

    private static func wait(_ source: WaitSource) -> Wait {
        switch source.place {
        case .header(let name): Wait(header: name, unit: source.unit.rawValue, max_s: seconds(source.max))
        case .path(let path): Wait(path: path, unit: source.unit.rawValue, max_s: seconds(source.max))
        }
    }
}

extension ErrorRule.Problem {
    fileprivate init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self.init(field: Self.name(context.codingPath + [key]), reason: "it is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            self.init(field: Self.name(context.codingPath), reason: "it is of another type than it must be")
        case .dataCorrupted(let context):
            self.init(field: Self.name(context.codingPath), reason: "it cannot be read")
        @unknown default:
            self.init(field: "definition", reason: "it cannot be read")
        }
    }

    private static func name(_ path: [any CodingKey]) -> String {
        let names = path.filter { $0.intValue == nil }.map(\.stringValue)
        return names.isEmpty ? "definition" : names.joined(separator: ".")
    }
}
