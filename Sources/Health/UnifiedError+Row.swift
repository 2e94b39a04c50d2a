internal import FoundationEssentials
package import Platforms

extension UnifiedError {
    /// The error as the JSON object that `portolan.record_errors` takes: keys are the columns of `portolan.errors`.
    package var rowJSON: String {
        let row = Row(
            code: code.name, fault: fault.rawValue, policy: policy.rawValue, message: message.storable,
            customerCode: customerCode.rawValue, ruleID: ruleID?.storable, operation: operation?.storable,
            httpStatus: httpStatus, curlCode: curlCode, platformCode: platformCode?.storable,
            platformMessage: platformMessage?.storable, platformRequestID: platformRequestID?.storable, route: route,
            retryAfterMS: retryAfter.map(\.milliseconds), externalID: externalID?.storable,
            evidence: evidence?.storable, evidenceHeaders: headers)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(row) else { preconditionFailure("strings and integers can be encoded") }
        return String(decoding: data, as: UTF8.self)
    }

    /// Several headers of one name are one value with commas between, as HTTP has it.
    private var headers: [String: String]? {
        if evidenceHeaders.isEmpty { return nil }
        let pairs = evidenceHeaders.map { ($0.name.storable, $0.value.storable) }
        return Dictionary(pairs) { "\($0), \($1)" }
    }

    private struct Row: Encodable {
        let code: String
        let fault: String
        let policy: String
        let message: String
        let customerCode: String
        let ruleID: String?
        let operation: String?
        let httpStatus: Int?
        let curlCode: Int?
        let platformCode: String?
        let platformMessage: String?
        let platformRequestID: String?
        let route: String?
        let retryAfterMS: Int64?
        let externalID: String?
        let evidence: String?
        let evidenceHeaders: [String: String]?

        enum CodingKeys: String, CodingKey {
            case code, fault, policy, message, operation, route, evidence
            case customerCode = "customer_code"
            case ruleID = "rule_id"
            case httpStatus = "http_status"
            case curlCode = "curl_code"
            case platformCode = "platform_code"
            case platformMessage = "platform_message"
            case platformRequestID = "platform_request_id"
            case retryAfterMS = "retry_after_ms"
            case externalID = "external_id"
            case evidenceHeaders = "evidence_headers"
        }
    }
}

extension String {
    /// Without the one character that PostgreSQL's text cannot hold.
    fileprivate var storable: String { filter { $0 != "\0" } }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
