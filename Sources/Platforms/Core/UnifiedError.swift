/// A failure in the one vocabulary that holds for every platform: what it was, whose fault, what happens next.
package struct UnifiedError: Error, Sendable, CustomStringConvertible {
    package let code: ErrorCode
    /// One English sentence for our engineers. Never a payload, a query string or a credential.
    package var message: String
    package var httpStatus: Int?
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

    package static let evidenceBytesMax = 2048
    package static let messageBytesMax = 4096

    package init(
        _ code: ErrorCode, _ message: String, httpStatus: Int? = nil, platformCode: String? = nil,
        platformMessage: String? = nil, platformRequestID: String? = nil, route: String? = nil,
        retryAfter: Duration? = nil, externalID: String? = nil, evidence: String? = nil
    ) {
        self.code = code
        self.message = message
        self.httpStatus = httpStatus
        self.platformCode = platformCode
        self.platformMessage = platformMessage.map { String($0.prefix(Self.messageBytesMax)) }
        self.platformRequestID = platformRequestID
        self.route = route
        self.retryAfter = retryAfter
        self.externalID = externalID
        self.evidence = evidence.map { String($0.prefix(Self.evidenceBytesMax)) }
    }

    package var description: String { "\(code.name): \(message)" }
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
