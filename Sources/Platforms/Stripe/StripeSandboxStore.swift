import FoundationEssentials

/// A simulated Stripe account.
///
/// Records are made from the seed when somebody asks for them; only what was changed, created or deleted since is
/// kept. Options beyond the common ones: the credential `permissions`, a comma-separated list of resources, makes
/// the key a restricted one that may read only those (and `events`, if named). Words it knows: `created: refused` and
/// `created: ignored` (a stand-in whose lists, but for the event log, do not filter by time).
///
/// **Thread**: confined to its owner, as all sandbox stores are.
final class StripeSandboxStore: SandboxStore {
    typealias Kind = StripeSandboxRecords.Kind

    /// An entry of the event log. What it shows of its object is fixed by the revision it holds.
    struct Event {
        var created: Int
        var type: String
        var kind: Kind
        var index: Int
        var revision: Int
    }

    /// What became of the records of one kind.
    struct Overlay {
        var revisions: [Int: Int] = [:]
        var deleted: Set<Int> = []
        /// When the records beyond the first ones were created.
        var created: [Int] = []
    }

    let records: StripeSandboxRecords
    let startsAt: Int
    let apiKey: String
    let permissions: Set<String>?
    /// What its lists make of `created`.
    let createdQuirk: String?
    var overlays = [Overlay](repeating: Overlay(), count: Kind.allCases.count)
    var events: [Event] = []
    var limiter: StripeSandboxLimiter
    var counters = SandboxCounters()
    private var random: SeededRandom

    static let spanSeconds = 400 * 86_400
    static let eventsKeptSeconds = 30 * 86_400

    init(_ options: SandboxOptions) {
        let key = options.credentials["api_key"] ?? ""
        apiKey = key
        permissions = options.credentials["permissions"].map { text in
            Set(text.split(separator: ",").map { $0.filter { $0 != " " } })
        }
        createdQuirk = options.quirks["created"]
        startsAt = Int(options.startsAt.timeIntervalSince1970)
        let isLive = key.contains("_live_")
        records = StripeSandboxRecords(
            seed: options.seed, spoiltShare: options.spoiltShare, recordBytes: options.recordBytes, livemode: isLive,
            baseCounts: Self.counts(options.sizes))
        limiter = StripeSandboxLimiter(
            account: (isLive ? 100 : 25) * options.limitFactor, endpoint: 25 * options.limitFactor)
        random = SeededRandom(seed: options.seed ^ 0x57_1b_e5)
    }

    /// How many there are of each kind: as asked, the rest in proportion.
    private static func counts(_ sizes: [String: Int]) -> [Int] {
        let usual = [200, 24, 48, 30, 120, 240, 300, 320, 40, 340]
        var scale: Double?
        for kind in Kind.allCases {
            guard let size = sizes[kind.resource] else { continue }
            scale = max(scale ?? 0, Double(size) / Double(usual[kind.rawValue]))
        }
        return Kind.allCases.map { kind in
            sizes[kind.resource] ?? max(1, Int((Double(usual[kind.rawValue]) * (scale ?? 1)).rounded()))
        }
    }

    // MARK: - Records

    func count(_ kind: Kind) -> Int { records.count(kind) + overlays[kind.rawValue].created.count }

    func exists(_ kind: Kind, _ index: Int) -> Bool {
        index >= 0 && index < count(kind) && !overlays[kind.rawValue].deleted.contains(index)
    }

    /// Creation times grow with the number, so a newest-first list is the numbers backwards.
    func created(_ kind: Kind, _ index: Int) -> Int {
        let base = records.count(kind)
        guard index < base else { return overlays[kind.rawValue].created[index - base] }
        return startsAt - (base - index) * Self.spanSeconds / base
    }

    func sight(_ kind: Kind, _ index: Int, isLegacy: Bool = false) -> StripeSandboxRecords.Sight {
        StripeSandboxRecords.Sight(
            created: created(kind, index), revision: overlays[kind.rawValue].revisions[index] ?? 0, isLegacy: isLegacy)
    }

    // MARK: - Change

    func change(count: Int, now: Date) {
        let second = Int(now.timeIntervalSince1970)
        for _ in 0..<max(0, count) {
            let kind = Kind.allCases[Int(random.next() % UInt64(Kind.allCases.count))]
            switch random.next() % 100 {
            case 0..<14: create(kind, at: second)
            case 14..<22: delete(kind, at: second)
            default: edit(kind, at: second)
            }
        }
    }

    private func create(_ kind: Kind, at second: Int) {
        let index = self.count(kind)
        let newest = index > 0 ? created(kind, index - 1) : second
        overlays[kind.rawValue].created.append(max(second, newest))
        guard kind != .balanceTransaction else { return }
        let type =
            switch kind {
            case .subscription: "customer.subscription.created"
            case .charge: "charge.succeeded"
            default: "\(kind.object).created"
            }
        log(type, kind, index, at: second)
    }

    private func delete(_ kind: Kind, at second: Int) {
        let candidates = self.count(kind)
        guard candidates > 0 else { return create(kind, at: second) }
        let index = Int(random.next() % UInt64(candidates))
        let isDeletable =
            switch kind {
            case .customer, .product, .price, .plan: true
            case .invoice: records.isDraft(index)
            default: false
            }
        guard isDeletable, exists(kind, index) else { return edit(kind, at: second) }
        overlays[kind.rawValue].deleted.insert(index)
        log("\(kind.object).deleted", kind, index, at: second)
    }

    private func edit(_ kind: Kind, at second: Int) {
        let total = self.count(kind)
        guard total > 0 else { return create(kind, at: second) }
        var index = Int(random.next() % UInt64(total))
        if kind == .balanceTransaction {
            // Only recent ones change, from pending to available.
            index = total - 1 - Int(random.next() % UInt64(min(total, 40)))
            guard records.isPending(index, sight(kind, index)), created(kind, index) > second - 7 * 86_400 else {
                return create(kind, at: second)
            }
        }
        guard exists(kind, index) else { return create(kind, at: second) }
        overlays[kind.rawValue].revisions[index, default: 0] += 1
        let type: String
        switch kind {
        case .balanceTransaction: return
        case .subscription:
            let isCanceled =
                records.subscriptionStatus(index, revision: sight(kind, index).revision) == "canceled"
            type = isCanceled ? "customer.subscription.deleted" : "customer.subscription.updated"
        case .charge: type = "charge.refunded"
        case .paymentIntent: type = "payment_intent.canceled"
        case .invoice: type = records.isDraft(index) ? "invoice.updated" : "invoice.paid"
        default: type = "\(kind.object).updated"
        }
        log(type, kind, index, at: second)
    }

    private func log(_ type: String, _ kind: Kind, _ index: Int, at second: Int) {
        events.append(
            Event(created: second, type: type, kind: kind, index: index, revision: sight(kind, index).revision))
    }

    // MARK: - Truth

    func truth(resource: String) -> [SandboxRecord] {
        if let kind = Kind.allCases.first(where: { $0.resource == resource }) {
            return (0..<count(kind)).flatMap { truth(kind, $0, withObject: true) }
        }
        let parent = Kind.allCases.first { StripeStream.named($0.resource)?.nested?.resource == resource }
        guard let parent else { return [] }
        return (0..<count(parent)).flatMap { truth(parent, $0, withObject: false) }
    }

    private func truth(_ kind: Kind, _ index: Int, withObject: Bool) -> [SandboxRecord] {
        let defect = records.defect(kind, index)
        guard exists(kind, index), defect != .noID else { return [] }
        let id = records.id(kind, index)
        var sight = sight(kind, index)
        sight.hidesSecrets = true
        var found: [SandboxRecord] = []
        if withObject {
            var writer = StripeSandboxWriter()
            records.write(kind, index, sight, to: &writer)
            found.append(SandboxRecord(resource: kind.resource, id: id, payload: writer.bytes))
        }
        guard let nested = StripeStream.named(kind.resource)?.nested, defect != .listIsNull else { return found }
        let rows = records.rowCount(kind, index, revision: sight.revision)
        guard rows > 10 else { return found }
        for (page, from) in stride(from: 0, to: rows, by: 100).enumerated() {
            var writer = StripeSandboxWriter()
            records.writeRows(kind, index, sight, from: from, limit: 100, to: &writer)
            found.append(
                SandboxRecord(
                    resource: nested.resource, id: StripeReading.overflowID(id, page + 1), payload: writer.bytes))
        }
        return found
    }
}

/// Stripe's limits: requests a second for the account, and for each endpoint.
struct StripeSandboxLimiter {
    private struct Level {
        var tokens: Double
        var at: Double
    }

    let account: Double
    let endpoint: Double
    private var levels: [String: Level] = [:]

    init(account: Double, endpoint: Double) {
        self.account = account
        self.endpoint = endpoint
    }

    /// Takes a token from both, or says which one had none.
    mutating func refusal(endpoint name: String, now: Date) -> StaticString? {
        let second = now.timeIntervalSince1970
        let own = level(name, endpoint, second)
        let all = level("", account, second)
        levels[name] = own
        levels[""] = all
        if own.tokens < 1 { return "endpoint-rate" }
        if all.tokens < 1 { return "global-rate" }
        levels[name]?.tokens -= 1
        levels[""]?.tokens -= 1
        return nil
    }

    private func level(_ name: String, _ rate: Double, _ second: Double) -> Level {
        guard let known = levels[name] else { return Level(tokens: max(1, rate), at: second) }
        let gained = max(0, second - known.at) * rate
        return Level(tokens: min(max(1, rate), known.tokens + gained), at: max(second, known.at))
    }
}
