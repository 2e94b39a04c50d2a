package import FoundationEssentials
package import Platforms

extension SandboxPlan {
    /// The stores the plan asks for, checked against the platforms there are.
    ///
    /// Each store's seed and default credentials follow from the plan's seed and the store's address alone, so
    /// adding a store to a plan does not change the others.
    /// - Parameter startsAt: the time the stores begin at, when the plan does not say.
    /// - Throws: ``SandboxError`` for a platform that does not exist, a name that cannot stand in a path or is
    ///   taken, and sizes or credentials the platform has no such field for.
    package func specs(for platforms: [any Platform], startsAt: Date) throws(SandboxError) -> [SandboxStoreSpec] {
        var specs: [SandboxStoreSpec] = []
        var taken: Set<String> = []
        for (index, store) in stores.enumerated() {
            let path = "stores[\(index)]"
            guard let platform = platforms.first(where: { $0.key == store.platform }) else {
                let keys = platforms.map(\.key).sorted().joined(separator: ", ")
                throw SandboxError(
                    .unknownPlatform, field: "\(path).platform", message: "the string is no platform's key",
                    fix: "the platforms are \(keys)")
            }
            try Self.check(store, of: platform, at: path)
            let names = store.count.map { (1...$0).map { "\(store.name)-\($0)" } } ?? [store.name]
            for name in names {
                guard taken.insert("\(store.platform)/\(name)").inserted else {
                    throw SandboxError(
                        .duplicateStore, field: "\(path).name",
                        message: "the string names a store that this platform already has",
                        fix: "give each store of a platform a name of its own, or use count")
                }
                specs.append(spec(named: name, store, platform, startsAt: self.startsAt ?? startsAt))
            }
        }
        return specs
    }

    private func spec(
        named name: String, _ store: Store, _ platform: any Platform, startsAt: Date
    ) -> SandboxStoreSpec {
        let address = "\(store.platform)/\(name)"
        var credentials = store.credentials
        let method = Self.method(of: store, platform)
        for field in method.fields where credentials[field.name] == nil && !field.isOptional {
            let value = String(seed(for: "\(address)/\(field.name)"), radix: 36)
            credentials[field.name] = "sandbox-\(field.name.replacing("_", with: "-"))-\(value)"
        }
        return SandboxStoreSpec(
            platform: store.platform, name: name,
            options: SandboxOptions(
                seed: seed(for: address), sizes: store.sizes, credentials: credentials, startsAt: startsAt,
                limitFactor: store.limitFactor, spoiltShare: store.spoiltShare, recordBytes: store.recordBytes,
                tokens: store.tokens, quirks: store.quirks),
            changesPerSecond: store.changesPerSecond, faults: store.faults)
    }

    /// A seed for one purpose: FNV-1a of the purpose, mixed with the plan's seed. Swift's own hashes differ from
    /// run to run.
    private func seed(for purpose: String) -> UInt64 {
        let hash = purpose.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        var random = SeededRandom(seed: seed ^ hash)
        return random.next()
    }

    /// The one that is named, or the first that knows all the credentials that are given, or the first.
    private static func method(of store: Store, _ platform: any Platform) -> Authentication.Method {
        let authentication = platform.authentication
        if let name = store.method, let method = authentication.method(named: name) { return method }
        return authentication.methods.first { store.credentials.keys.allSatisfy($0.fields.map(\.name).contains) }
            ?? authentication.methods[0]
    }

    private static func check(_ store: Store, of platform: any Platform, at path: String) throws(SandboxError) {
        let isNameSafe = store.name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
        guard isNameSafe, (1...60).contains(store.name.utf8.count), store.name != ".", store.name != ".." else {
            throw SandboxError(
                .badField, field: "\(path).name", message: "the string cannot stand in an address",
                fix: "use 1 to 60 lower-case letters, digits, dots, underscores and hyphens")
        }
        let resources = platform.resources.flatMap { [$0.name] + $0.children }
        try check(store.sizes.keys, areAmong: resources, "resources", at: "\(path).sizes")
        if let name = store.method, platform.authentication.method(named: name) == nil {
            throw SandboxError(
                .badField, field: "\(path).method", message: "the platform has no such way to sign in",
                fix: "its ways are " + platform.authentication.methods.map(\.name).joined(separator: ", "))
        }
        let fields = method(of: store, platform).fields.map(\.name)
        try check(store.credentials.keys, areAmong: fields, "credentials", at: "\(path).credentials")
    }

    private static func check(
        _ keys: some Collection<String>, areAmong known: [String], _ what: String, at path: String
    ) throws(SandboxError) {
        guard let stranger = keys.sorted().first(where: { !known.contains($0) }) else { return }
        throw SandboxError(
            .badField, field: "\(path).\(stranger)", message: "the platform has no such field",
            fix: "its \(what) are " + known.joined(separator: ", "))
    }
}
