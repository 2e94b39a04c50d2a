import FoundationEssentials
import RawJSON

/// An answer of a shop, looked into: what it holds once everything that does not belong into it is cut off.
struct WooCommerceAnswer {
    /// Something that a server put around its JSON.
    enum Oddity: String {
        case mark, text, envelope

        var sentence: String {
            switch self {
            case .mark: "the shop puts a byte order mark before its answers"
            case .text: "the shop prints text around its answers, such as warnings of its extensions"
            case .envelope: "an extension wraps the shop's answers"
            }
        }
    }

    let root: JSONValue
    let oddities: [Oddity]
    let response: PlatformResponse

    /// The JSON in a body, with what was found around it; nil where there is none.
    init?(_ response: PlatformResponse) {
        self.response = response
        var oddities: [Oddity] = []
        var body = response.body
        if body.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            oddities.append(.mark)
            body = PaddedBytes(Array(body.bytes.dropFirst(3)))
        }
        var document = Self.document(body)
        if document == nil, let found = Self.dug(out: body) {
            document = found
            oddities.append(.text)
        }
        guard let document else { return nil }
        var root = document.root
        if root.kind == .object, let data = root["data"], data.kind == .array, root["code"] == nil {
            oddities.append(.envelope)
            root = data
        }
        self.root = root
        self.oddities = oddities
    }

    /// Rows of a list; nil where it is none.
    var rows: [JSONValue]? {
        guard root.kind == .array else { return nil }
        return try? root.elements()
    }

    /// The platform's count of the whole list.
    var total: Int? {
        response.header("x-wp-total").flatMap { Int($0) }.flatMap { (0...1_000_000_000).contains($0) ? $0 : nil }
    }

    private static func document(_ body: PaddedBytes) -> JSONDocument? {
        guard let document = try? JSONDocument(body), [.object, .array].contains(document.root.kind) else { return nil }
        return document
    }

    private static let attemptsMax = 24

    /// The JSON that stands in other text: from a place where it can begin to the last where it can end.
    ///
    /// Warnings name files, types and array keys, so that not every bracket is one of the answer's.
    private static func dug(out body: PaddedBytes) -> JSONDocument? {
        let bytes = body.bytes
        guard let end = bytes.lastIndex(where: { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "}") }) else {
            return nil
        }
        var attempts = 0
        var index = bytes.startIndex
        while index <= end, attempts < attemptsMax {
            if canBegin(bytes, at: index) {
                attempts += 1
                let isWhole = index == 0 && end == bytes.count - 1
                if !isWhole, let found = document(PaddedBytes(Array(bytes[index...end]))) { return found }
            }
            index += 1
        }
        return nil
    }

    /// `[{`, `[]`, `{"`.
    private static func canBegin(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        let first = bytes[index]
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{"), index + 1 < bytes.count else { return false }
        let second = bytes[index + 1]
        if first == UInt8(ascii: "{") { return second == UInt8(ascii: "\"") || second == UInt8(ascii: "}") }
        return second == UInt8(ascii: "{") || second == UInt8(ascii: "]")
    }
}

/// Why an answer is none.
struct WooCommerceRefusal: Error {
    let error: UnifiedError
    let remedy: ErrorRule.Remedy
    let status: Int
    let code: String?

    /// The request was answered as if it had no key.
    var isAnonymous: Bool {
        status == 401
            && ["woocommerce_rest_cannot_view", "rest_forbidden", "rest_not_logged_in", "rest_login_required"]
                .contains(code ?? "")
    }

    /// There is nothing of that name, whoever's fault that is.
    var isNoRoute: Bool { status == 404 && code == "rest_no_route" }
    /// What was found out about the server no longer fits.
    var isMoved: Bool { (300..<400).contains(status) || error.code == .storeAPIMissing }

    init(_ exchange: Exchange, rules: RuleBook, resource: String) {
        let response = exchange.response
        let evidence = ErrorEvidence(
            response, shape: rules.shape, now: response.requestedAt, operation: "list", resource: resource,
            route: exchange.request.route)
        let finding = rules.classify(evidence)
        status = response.status
        code = evidence.codes.first
        remedy = finding.remedy
        if response.status == 200, evidence.body == .json {
            error = UnifiedError(
                .dataMalformed, "the answer is not what this list is documented to be", httpStatus: response.status,
                platformCode: evidence.codes.first, platformMessage: evidence.messages.first,
                route: exchange.request.route, evidence: evidence.head)
        } else {
            error = UnifiedError(finding, evidence, shape: rules.shape, hosting: rules.hosting)
        }
    }

    /// What it teaches about how fast the server can be asked.
    var lessons: [LimitLesson] {
        let bucket = WooCommercePlatform.rateBucket
        guard [.rateLimited, .rateLimitedNoHint, .rateConcurrency, .platformUnavailable].contains(error.code)
        else { return [] }
        return [.throttled(bucket: bucket)] + (error.retryAfter.map { [.blocked(bucket: bucket, for: $0)] } ?? [])
    }

    func failure(goOnWith cursor: WooCommerceCursor? = nil) -> ReadFailure {
        ReadFailure(error, lessons: lessons, goOnWith: cursor.flatMap { try? Cursor(encoding: $0) })
    }
}
