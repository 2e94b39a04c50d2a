import FoundationEssentials
import RawJSON

/// An answer of the interface, looked into.
struct AmazonAnswer {
    let document: JSONDocument
    let root: JSONValue
    let lessons: [LimitLesson]
    /// When it was asked: what it says is true then or later.
    let askedAt: Date

    /// - Throws: what the answer means, when it is no success.
    init(_ exchange: Exchange, _ rules: RuleBook, resource: String) throws(ReadFailure) {
        let response = exchange.response
        lessons = Self.lessons(exchange)
        askedAt = response.requestedAt
        let isSuccess = (200..<300).contains(response.status)
        guard isSuccess, let document = try? JSONDocument(response.body), document.root.kind == .object,
            document.root["errors"] == nil
        else {
            throw ReadFailure(Self.failure(exchange, rules, resource: resource), lessons: lessons)
        }
        self.document = document
        root = document.root
    }

    /// What a refusal means.
    static func failure(_ exchange: Exchange, _ rules: RuleBook, resource: String) -> UnifiedError {
        let response = exchange.response
        var evidence = ErrorEvidence(
            response, shape: rules.shape, now: response.requestedAt, operation: exchange.request.purpose,
            resource: resource, route: exchange.request.route)
        if response.status == 429, let rate = operation(of: exchange.request)?.limit.rate {
            // No header says how long: one token takes 1/rate to come back.
            evidence.wait = .milliseconds(Int64((1000 / rate).rounded(.up)))
        }
        guard (200..<300).contains(response.status), evidence.body == .json else { return rules.error(evidence) }
        if !evidence.codes.isEmpty { return rules.error(evidence) }
        return UnifiedError(
            .dataMalformed, "the answer is JSON and not what was asked for", httpStatus: response.status,
            platformRequestID: response.header("x-amzn-requestid"), route: exchange.request.route,
            evidence: response.body.beginning)
    }

    /// The answer lacks what it must have.
    func malformed(_ what: String, _ exchange: Exchange) -> ReadFailure {
        ReadFailure(
            UnifiedError(
                .dataMalformed, "the answer has no \(what)", httpStatus: exchange.response.status,
                platformRequestID: exchange.response.header("x-amzn-requestid"), route: exchange.request.route,
                evidence: exchange.response.body.beginning), lessons: lessons)
    }

    /// A page token; nil for none and for what could not be sent back.
    static func token(_ value: JSONValue?) -> String? {
        guard let text = value?.string, !text.isEmpty, text.utf8.count <= tokenBytesMax else { return nil }
        return text
    }

    /// Longer tokens could not be kept in a cursor.
    private static let tokenBytesMax = 8192

    /// An identifier of Amazon's that may become part of a path or a key.
    static func identifier(_ value: JSONValue?) -> String? {
        guard let text = value?.identifier, (1...128).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F })
        else { return nil }
        return text
    }

    static func operation(of request: PlatformRequest) -> AmazonOperation? {
        request.demands.first.flatMap { AmazonOperation(rawValue: $0.bucket) }
    }

    /// The rate in force, where it is another than the published one; and after a refusal how long nobody may ask.
    private static func lessons(_ exchange: Exchange) -> [LimitLesson] {
        guard let operation = operation(of: exchange.request) else { return [] }
        let (rate, burst) = operation.limit
        if exchange.response.status == 429 {
            let wait = Duration.milliseconds(Int64((1000 / rate).rounded(.up)))
            return [.blocked(bucket: operation.rawValue, for: wait)]
        }
        guard let text = exchange.response.header("x-amzn-ratelimit-limit"), let told = Double(text),
            told > 0.0001, told < 100_000, abs(told - rate) > rate / 100
        else { return [] }
        // The header tells the rate alone; a level of the whole burst lowers nothing.
        return [.level(bucket: operation.rawValue, available: burst, capacity: nil, refillPerSecond: told)]
    }
}

extension UnifiedError {
    /// The same as a row of its own that stops nothing.
    var asFlag: UnifiedError {
        var flag = self
        flag.policyOverride = .storeRawAndFlag
        return flag
    }
}

extension PaddedBytes {
    /// The first bytes as text, for whoever writes the missing rule.
    fileprivate var beginning: String { String(decoding: bytes.prefix(UnifiedError.evidenceBytesMax), as: UTF8.self) }
}
