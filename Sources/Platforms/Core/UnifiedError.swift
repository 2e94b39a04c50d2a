/// A failure in the one vocabulary that holds for every platform: what it was, whose fault, what happens next.
///
/// What is kept of an answer (its message, its first bytes, its headers) is sanitised here, whoever brings it.
package struct UnifiedError: Error, Sendable, CustomStringConvertible {
    package let code: ErrorCode
    /// A policy other than the code's own, where a rule or a platform knows better.
    package var policyOverride: ErrorCode.Policy?
    /// Whose fault it is where this platform runs.
    package var fault: ErrorCode.Fault
    /// What the merchant is told when a state changes because of it.
    package var customerCode: CustomerCode
    /// One English sentence for our engineers. Never a payload, a query string or a credential.
    package var message: String
    /// The access token may be at fault, though the code does not say so: it is replaced once before anything is made
    /// of the error.
    package var isWorthFreshToken = false
    /// The rule that decided, e.g. `shopify.throttled`; nil where our own code knew.
    package var ruleID: String?
    /// What was being done, e.g. `list`, `auth`, `map`, `store`.
    package var operation: String?
    package var httpStatus: Int?
    /// libcurl's result code, where no answer came.
    package var curlCode: Int?
    /// The platform's own code and text, as received; the text cut at 4 KB.
    package var platformCode: String?
    package var platformMessage: String?
    /// The platform's name for the request, which its support asks for.
    package var platformRequestID: String?
    /// The request's route template.
    package var route: String?
    /// How long the platform asked to be left alone.
    package var retryAfter: Duration?
    /// The record it concerns, where it concerns one.
    package var externalID: String?
    /// The first bytes of an answer that could not be understood, for whoever writes the missing rule.
    package var evidence: String?
    /// Those of its headers that help to write it.
    package var evidenceHeaders: [(name: String, value: String)]

    package static let evidenceBytesMax = 2048
    package static let messageBytesMax = 4096
    private static let wordBytesMax = 256

    package init(
        _ code: ErrorCode, _ message: String, httpStatus: Int? = nil, platformCode: String? = nil,
        platformMessage: String? = nil, platformRequestID: String? = nil, route: String? = nil,
        retryAfter: Duration? = nil, externalID: String? = nil, evidence: String? = nil
    ) {
        self.code = code
        fault = code.fault
        customerCode = code.customerCode
        self.message = message
        self.httpStatus = httpStatus
        self.platformCode = platformCode.map { Redaction.sanitised($0, bytesMax: Self.wordBytesMax) }
        self.platformMessage = platformMessage.map { Redaction.sanitised($0, bytesMax: Self.messageBytesMax) }
        self.platformRequestID = platformRequestID.map { Redaction.cut($0, bytesMax: Self.wordBytesMax) }
        self.route = route
        self.retryAfter = retryAfter
        self.externalID = externalID
        self.evidence = evidence.map { Redaction.sanitised($0) }
        evidenceHeaders = []
    }

    /// What is done about it.
    package var policy: ErrorCode.Policy { policyOverride ?? code.policy }

    package var description: String { "\(code.name): \(message)" }

    /// Sets what depends on who runs the server.
    package mutating func locate(on hosting: Hosting?) {
        fault = code.fault(on: hosting)
        if customerCode == code.customerCode { customerCode = code.customerCode(on: hosting) }
    }
}

extension UnifiedError {
    /// What a rule book found, with what is worth keeping of the evidence.
    ///
    /// The first bytes of the body are kept where a rule may be missing: where words or the bare status decided, or
    /// nothing did, and where the answer is not of the platform's own form.
    package init(_ finding: ErrorFinding, _ evidence: ErrorEvidence, shape: ErrorShape, hosting: Hosting?) {
        self.init(
            finding.code, finding.sentence, httpStatus: evidence.status, platformCode: evidence.codes.first,
            platformMessage: evidence.messages.first, platformRequestID: evidence.requestID, route: evidence.route,
            retryAfter: finding.wait)
        ruleID = finding.ruleID
        operation = evidence.operation
        curlCode = evidence.curlCode
        policyOverride = finding.policy
        isWorthFreshToken = finding.remedy == .refreshToken
        if let customerCode = finding.customerCode { self.customerCode = customerCode }
        locate(on: hosting)
        guard evidence.status != nil else { return }
        let isVague = [.texts, .status, .none].contains(finding.part)
        if isVague || evidence.body != shape.answers, !evidence.head.isEmpty {
            self.evidence = Redaction.sanitised(evidence.head)
        }
        evidenceHeaders = EvidenceHeaders.chosen(from: evidence.headers, also: shape.headers + shape.requestIDHeaders)
    }
}

/// Which headers of a failed answer are kept, and how much of them.
package enum EvidenceHeaders {
    private static let names: Set<String> = [
        "content-type", "content-encoding", "content-length", "retry-after", "server", "via", "www-authenticate",
        "cf-ray", "cf-mitigated", "cf-cache-status", "sg-captcha", "x-sucuri-id", "x-sucuri-block", "x-powered-by",
        "x-request-id", "request-id", "location", "deprecation", "sunset", "allow",
    ]
    private static let countMax = 24
    private static let valueBytesMax = 200

    /// Sanitised, names in lower case, in the order received. Of an address to go to, the query is left out.
    package static func chosen(
        from headers: [(name: String, value: String)], also more: [String] = []
    ) -> [(name: String, value: String)] {
        let more = Set(more.map { $0.lowercased() })
        return headers.lazy.map { (name: $0.name.lowercased(), value: $0.value) }
            .filter {
                names.contains($0.name) || more.contains($0.name) || $0.name.contains("ratelimit")
                    || $0.name.contains("rate-limit")
            }
            .prefix(countMax)
            .map { header in
                let value = header.name == "location" ? String(header.value.prefix { $0 != "?" }) : header.value
                return (header.name, Redaction.sanitised(value, bytesMax: valueBytesMax))
            }
    }
}

/// Why a step failed as a whole, and what is worth keeping of it.
package struct ReadFailure: Error, Sendable {
    package let error: UnifiedError
    package var lessons: [LimitLesson]
    /// A cursor to go on with at once instead of asking the same again: a smaller page, a restarted window.
    /// The worker bounds how often in a row it follows one.
    package var goOnWith: Cursor?

    package init(_ error: UnifiedError, lessons: [LimitLesson] = [], goOnWith: Cursor? = nil) {
        self.error = error
        self.lessons = lessons
        self.goOnWith = goOnWith
    }
}
