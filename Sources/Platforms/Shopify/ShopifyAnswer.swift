import FoundationEssentials
import RawJSON

/// An answer of the GraphQL endpoint, looked into: its data, what it cost, and what it could not give.
struct ShopifyAnswer {
    let document: JSONDocument
    /// The value of `data`; never null.
    let data: JSONValue
    /// Branches that are null because access to them was denied; the rest of the data is good.
    let denials: [UnifiedError]
    let lessons: [LimitLesson]
    /// Points asked for, as the platform counts them.
    let requestedCost: Double?

    /// - Throws: what the answer means, when it holds no data.
    init(
        _ exchange: Exchange, rules: RuleBook, resource: String,
        failed: (ShopifyRefusal, UnifiedError, ErrorRule.Remedy, [LimitLesson]) -> ReadFailure
    ) throws(ReadFailure) {
        let response = exchange.response
        let route = exchange.request.route
        let isMarkup = Self.isMarkup(response.body)
        let evidence = {
            ErrorEvidence(
                response, shape: rules.shape, now: response.requestedAt, operation: "list", resource: resource,
                route: route)
        }
        guard let document = isMarkup ? nil : try? JSONDocument(response.body), document.root.kind == .object else {
            var refusal = ShopifyRefusal(status: response.status, message: "")
            if response.status == 200, !isMarkup {
                refusal.message = "the text is not JSON, or ends too early"
                let error = UnifiedError(
                    .dataMalformed, "the answer is not JSON, or ends too early", httpStatus: 200,
                    platformRequestID: response.header("x-request-id"), route: route,
                    evidence: response.body.start)
                throw failed(refusal, error, .none, [])
            }
            let (error, remedy) = refusal.error(evidence(), rules)
            throw failed(refusal, error, remedy, [])
        }
        let root = document.root
        let cost = Cost(root.at("extensions", "cost"))
        lessons = cost.lessons(for: exchange.request)
        requestedCost = cost.requested
        let refusals = Self.refusals(in: root, status: response.status)
        let data = root["data"].flatMap { $0.kind == .object ? $0 : nil }

        if response.status == 200, let data {
            // What was denied leaves a null behind and the rest can be used. Any other error among the data means
            // that some of it is missing for a while only: reading on would take the gap for the truth.
            if refusals.allSatisfy({ $0.code == "ACCESS_DENIED" }) {
                self.document = document
                self.data = data
                denials = refusals.isEmpty ? [] : Self.denials(Self.distinct(refusals), evidence(), rules)
                return
            }
        }
        let decisive = refusals.first { $0.code != "ACCESS_DENIED" } ?? refusals.first
        guard let decisive else {
            let refusal = ShopifyRefusal(status: response.status, message: "")
            guard response.status == 200 else {
                let (error, remedy) = refusal.error(evidence(), rules)
                throw failed(refusal, error, remedy, lessons)
            }
            let error = UnifiedError(
                .dataMalformed, "the answer has neither data nor errors", httpStatus: 200,
                platformRequestID: response.header("x-request-id"), route: route,
                evidence: response.body.start)
            throw failed(refusal, error, .none, lessons)
        }
        var known = evidence()
        // Points come back by the second: how many are missing says how long it takes.
        if response.status == 200 { known.wait = cost.wait }
        let (error, remedy) = decisive.error(known, rules)
        throw failed(decisive, error, remedy, lessons)
    }

    /// Whether a body is empty or a page of HTML.
    private static func isMarkup(_ body: PaddedBytes) -> Bool {
        let first = body.bytes.first { !($0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09) }
        return first == nil || first == UInt8(ascii: "<")
    }

    /// The errors of an answer in whichever of its five shapes: text, list of texts, object of lists, list of
    /// GraphQL errors, or `error` with `error_description`.
    private static func refusals(in root: JSONValue, status: Int) -> [ShopifyRefusal] {
        guard let errors = root["errors"] else {
            guard let error = root["error"]?.string else { return [] }
            return [
                ShopifyRefusal(
                    status: status, code: error, message: root["error_description"]?.string ?? error)
            ]
        }
        switch errors.kind {
        case .string:
            return [ShopifyRefusal(status: status, message: errors.string ?? "")]
        case .object:
            return [ShopifyRefusal(status: status, message: errors.slice.text)]
        case .array:
            let elements = (try? errors.elements()) ?? []
            return elements.map { element in
                guard element.kind == .object else {
                    return ShopifyRefusal(status: status, message: element.string ?? "")
                }
                let names = (try? element["path"]?.elements().compactMap(\.string)) ?? []
                return ShopifyRefusal(
                    status: status, code: element.at("extensions", "code")?.string,
                    message: element["message"]?.string ?? "", path: names.isEmpty ? nil : names.joined(separator: "."),
                    cost: Self.points(element.at("extensions", "cost")))
            }
        case .null, .bool, .number:
            return []
        }
    }

    /// A number of points; nil for one that no shop can have: it would end up in a cursor, a demand or a wait.
    fileprivate static func points(_ value: JSONValue?) -> Double? {
        value?.approximate.flatMap { (-1e12...1e12).contains($0) ? $0 : nil }
    }

    /// The branches that were denied, as errors: each stops nothing.
    private static func denials(
        _ refusals: [ShopifyRefusal], _ evidence: ErrorEvidence, _ rules: RuleBook
    ) -> [UnifiedError] {
        refusals.map { $0.error(evidence, rules).error }
    }

    /// One of each kind: a field denied in every record of a page is one fact, not hundreds.
    private static func distinct(_ refusals: [ShopifyRefusal]) -> [ShopifyRefusal] {
        var seen: Set<String> = []
        return refusals.filter { seen.insert("\($0.path ?? "") \($0.message)").inserted }
    }
}

extension ShopifyAnswer {
    /// What the platform says a query cost and how many points are left.
    private struct Cost {
        let requested: Double?
        let actual: Double?
        let capacity: Double?
        let available: Double?
        let restoreRate: Double?

        init(_ cost: JSONValue?) {
            requested = ShopifyAnswer.points(cost?["requestedQueryCost"])
            actual = ShopifyAnswer.points(cost?["actualQueryCost"])
            let status = cost?["throttleStatus"]
            capacity = ShopifyAnswer.points(status?["maximumAvailable"])
            available = ShopifyAnswer.points(status?["currentlyAvailable"])
            restoreRate = ShopifyAnswer.points(status?["restoreRate"])
        }

        /// How long until the query fits.
        var wait: Duration? {
            guard let requested, let available, let restoreRate, restoreRate > 0 else { return nil }
            let seconds = min(max(0, requested - available) / restoreRate, 3600)
            return .milliseconds(Int64((seconds * 1000).rounded(.up)))
        }

        func lessons(for request: PlatformRequest) -> [LimitLesson] {
            var lessons: [LimitLesson] = []
            let bucket = ShopifyPlatform.bucketName
            let taken = request.demands.first { $0.bucket == bucket }?.tokens ?? 0
            if let actual, actual < taken { lessons.append(.refund(bucket: bucket, tokens: taken - actual)) }
            if let available {
                lessons.append(
                    .level(bucket: bucket, available: available, capacity: capacity, refillPerSecond: restoreRate))
            }
            return lessons
        }
    }
}
