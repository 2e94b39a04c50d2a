package import FoundationEssentials
package import Platforms

/// Which simulated merchants there are: the sandbox's configuration file.
///
/// **Shape**: `{"seed": 7, "starts_at": "2026-01-01T00:00:00Z", "stores": [{"platform": "shopify", "name": "demo",
/// "count": 3, "sizes": {"orders": 20000}, "limit_factor": 1, "spoilt_share": 0.01, "record_bytes": 2048,
/// "changes_per_second": 0.5, "credentials": {"access_token": "…"}, "method": "expiring_token", "tokens":
/// {"life_seconds": 3600, "refresh_life_seconds": 7776000, "reuse": "strict"}, "faults": [{"fault": "truncate",
/// "share": 0.1}]}]}`. Only `platform` and `name` are required. A `count` makes that many stores of the kind,
/// `demo-1` and so on.
package struct SandboxPlan: Sendable, Equatable {
    /// A store, or several of a kind.
    package struct Store: Sendable, Equatable {
        /// The platform's key, e.g. `shopify`.
        package var platform: String
        /// 1 to 60 lower-case letters, digits, dots, underscores and hyphens.
        package var name: String
        /// How many stores of the kind; nil for one that has the name as it is.
        package var count: Int?
        /// Records of each resource at first.
        package var sizes: [String: Int]
        /// 1 for the platform's own limits, 0.001 to 1,000,000.
        package var limitFactor: Double
        /// Share of records with spoilt fields, 0 to 1.
        package var spoiltShare: Double
        /// Bytes that a record of the main resource is padded to; nil leaves it as it is.
        package var recordBytes: Int?
        /// Records changed a second, up to 100,000; 0 for none.
        package var changesPerSecond: Double
        /// What stands here is used; fields that do not are made from the seed.
        package var credentials: [String: String]
        /// The way its connection signs in, one of the platform's; nil for the first that takes the credentials.
        package var method: String?
        /// How its token endpoint deals in tokens, where the way has one.
        package var tokens: SandboxTokenRules
        /// What is peculiar to the merchant's server, in the platform's words, e.g. `"language": "fr"`.
        package var quirks: [String: String]
        /// What goes wrong from the beginning.
        package var faults: [Fault]

        /// A store; the defaults are those of the file.
        package init(
            platform: String, name: String, count: Int? = nil, sizes: [String: Int] = [:], limitFactor: Double = 1,
            spoiltShare: Double = 0, recordBytes: Int? = nil, changesPerSecond: Double = 0,
            credentials: [String: String] = [:], method: String? = nil,
            tokens: SandboxTokenRules = SandboxTokenRules(), quirks: [String: String] = [:], faults: [Fault] = []
        ) {
            self.quirks = quirks
            self.method = method
            self.tokens = tokens
            self.platform = platform
            self.name = name
            self.count = count
            self.sizes = sizes
            self.limitFactor = limitFactor
            self.spoiltShare = spoiltShare
            self.recordBytes = recordBytes
            self.changesPerSecond = changesPerSecond
            self.credentials = credentials
            self.faults = faults
        }
    }

    /// All randomness there is follows from it.
    package var seed: UInt64
    /// The time the stores begin at; nil for the time the server is made.
    package var startsAt: Date?
    package var stores: [Store]

    /// The most stores of one kind.
    package static let countMax = 100_000
    static let sizeMax = 1_000_000_000

    /// A plan made in code.
    package init(seed: UInt64 = 1, startsAt: Date? = nil, stores: [Store]) {
        self.seed = seed
        self.startsAt = startsAt
        self.stores = stores
    }

    /// The plan in a file's bytes.
    /// - Throws: ``SandboxError`` naming the field, the kind of value found there, and the fix.
    package init(json: [UInt8]) throws(SandboxError) {
        self = try SandboxJSON.decode(SandboxPlan.self, from: json)
    }

    /// A modest store on each platform, with some change and a few spoilt records: what a demonstration shows.
    package static func standard(for platforms: [any Platform], seed: UInt64 = 1) -> SandboxPlan {
        SandboxPlan(
            seed: seed,
            stores: platforms.map { platform in
                let main = platform.resources.first.map { [$0.name: 2000] } ?? [:]
                return Store(
                    platform: platform.key, name: "demo", sizes: main, spoiltShare: 0.01, changesPerSecond: 1)
            })
    }
}

extension SandboxPlan: Codable {
    private enum Key: String, CodingKey, CaseIterable {
        case seed, stores
        case startsAt = "starts_at"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try FieldReader(decoder)
        try fields.allowOnly(Key.allCases.map(\.rawValue))
        guard let stores = try fields.objects(Key.stores.rawValue) else {
            throw SandboxError(
                .badField, field: fields.at("stores"), message: "is missing",
                fix: #"write a list, e.g. [{"platform": "shopify", "name": "demo"}]"#)
        }
        self.init(
            seed: try fields.seed(Key.seed.rawValue) ?? 1, startsAt: try Self.startsAt(fields),
            stores: try stores.map { try Store($0) })
    }

    private static func startsAt(_ fields: FieldReader) throws -> Date? {
        guard let text = try fields.string(Key.startsAt.rawValue) else { return nil }
        guard let date = try? Date(text, strategy: .iso8601) else {
            throw SandboxError(
                .badField, field: fields.at(Key.startsAt.rawValue), message: "the string is not a time",
                fix: "write it like 2026-01-01T00:00:00Z")
        }
        return date
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(seed, forKey: .seed)
        try fields.encodeIfPresent(startsAt?.formatted(.iso8601), forKey: .startsAt)
        try fields.encode(stores, forKey: .stores)
    }
}

extension SandboxPlan.Store: Codable {
    private enum Key: String, CodingKey, CaseIterable {
        case platform, name, count, sizes, credentials, method, tokens, faults, quirks
        case limitFactor = "limit_factor"
        case spoiltShare = "spoilt_share"
        case recordBytes = "record_bytes"
        case changesPerSecond = "changes_per_second"
    }

    package init(from decoder: any Decoder) throws { try self.init(FieldReader(decoder)) }

    init(_ fields: FieldReader) throws(SandboxError) {
        try fields.allowOnly(Key.allCases.map(\.rawValue))
        var faults: [Fault] = []
        for reader in try fields.objects(Key.faults.rawValue) ?? [] { faults.append(try Fault(reader)) }
        self.init(
            platform: try fields.requiredString(Key.platform.rawValue),
            name: try fields.requiredString(Key.name.rawValue),
            count: try fields.integer(Key.count.rawValue, in: 1...SandboxPlan.countMax),
            sizes: try fields.counts(Key.sizes.rawValue, in: 0...SandboxPlan.sizeMax) ?? [:],
            limitFactor: try fields.number(Key.limitFactor.rawValue, in: 0.001...1_000_000) ?? 1,
            spoiltShare: try fields.number(Key.spoiltShare.rawValue, in: 0...1) ?? 0,
            recordBytes: try fields.integer(Key.recordBytes.rawValue, in: 1...Fault.bytesMax),
            changesPerSecond: try fields.number(Key.changesPerSecond.rawValue, in: 0...100_000) ?? 0,
            credentials: try fields.strings(Key.credentials.rawValue) ?? [:],
            method: try fields.string(Key.method.rawValue),
            tokens: try SandboxTokenRules(in: fields),
            quirks: try fields.strings(Key.quirks.rawValue) ?? [:],
            faults: faults)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(platform, forKey: .platform)
        try fields.encode(name, forKey: .name)
        try fields.encodeIfPresent(count, forKey: .count)
        try fields.encode(sizes, forKey: .sizes)
        try fields.encode(limitFactor, forKey: .limitFactor)
        try fields.encode(spoiltShare, forKey: .spoiltShare)
        try fields.encodeIfPresent(recordBytes, forKey: .recordBytes)
        try fields.encode(changesPerSecond, forKey: .changesPerSecond)
        try fields.encode(credentials, forKey: .credentials)
        try fields.encodeIfPresent(method, forKey: .method)
        if tokens != SandboxTokenRules() { try fields.encode(tokens, forKey: .tokens) }
        if !quirks.isEmpty { try fields.encode(quirks, forKey: .quirks) }
        try fields.encode(faults, forKey: .faults)
    }
}

extension SandboxTokenRules: Encodable {
    private enum Key: String, CodingKey, CaseIterable {
        case life = "life_seconds"
        case refreshLife = "refresh_life_seconds"
        case reuse
    }

    /// The rules of a store; the usual ones where it says nothing.
    fileprivate init(in store: FieldReader) throws(SandboxError) {
        self.init()
        guard let fields = try store.object("tokens") else { return }
        try fields.allowOnly(Key.allCases.map(\.rawValue))
        if let life = try fields.integer(Key.life.rawValue, in: 1...315_360_000) { self.life = life }
        if let life = try fields.integer(Key.refreshLife.rawValue, in: 1...315_360_000) { refreshLife = life }
        guard let word = try fields.string(Key.reuse.rawValue) else { return }
        guard let reuse = Reuse(rawValue: word) else {
            throw SandboxError(
                .badField, field: fields.at(Key.reuse.rawValue), message: "the string is no rule",
                fix: "the rules are " + Reuse.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.reuse = reuse
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(life, forKey: .life)
        try fields.encode(refreshLife, forKey: .refreshLife)
        try fields.encode(reuse.rawValue, forKey: .reuse)
    }
}
