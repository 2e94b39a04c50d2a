internal import Foundation
internal import Health
internal import Platforms

/// What `errors explain` says, for people and as JSON.
struct ExplainReport {
    private let error: UnifiedError
    private let explanation: ErrorExplanation
    private let evidence: ErrorEvidence
    private let merchant: Texts.Merchant?

    init(
        _ error: UnifiedError, _ explanation: ErrorExplanation, _ evidence: ErrorEvidence, platformName: String?
    ) {
        self.error = error
        self.explanation = explanation
        self.evidence = evidence
        let values = platformName.map { [Texts.Variable.platform: $0] } ?? [:]
        merchant = Texts.english.merchant(error.customerCode, values)
    }

    var text: String {
        let code = error.code
        let decider = explanation.finding.part == .none ? "none" : "\(explanation.finding.ruleID)  (\(part))"
        var lines = [
            ("code", code.name), ("rule", decider), ("because", error.message),
            ("fault", error.fault.rawValue), ("policy", policy),
            ("attempt", code.countsAttempt ? "counts" : "does not count"), ("health", code.health.rawValue),
        ]
        if let wait = error.retryAfter { lines.append(("wait", "\(Self.seconds(wait)) s")) }
        let remedy = explanation.finding.remedy
        if remedy != .none { lines.append(("remedy", remedy.rawValue)) }
        lines.append(("engineer", Texts.english.engineer(code)))
        let words = merchant.map { "\($0.happened) \($0.affected) \($0.action)" } ?? "nothing"
        lines.append(("merchant", "\(error.customerCode.rawValue): \(words)"))
        lines.append(("body", evidence.body.rawValue))
        if let value = error.platformCode { lines.append(("said code", value)) }
        if let value = error.platformMessage { lines.append(("said", value)) }
        if let value = error.platformRequestID { lines.append(("request", value)) }
        if let value = error.evidence { lines.append(("evidence", value)) }
        let width = lines.map(\.0.count).max() ?? 0
        let head = lines.map { name, value in
            name + String(repeating: " ", count: width - name.count + 2)
                + value.split(separator: "\n").joined(separator: " ")
        }
        var table = Table(["ASKED", "RULE", ""])
        for step in explanation.steps { table.add([step.part.rawValue, step.ruleID, step.mismatch ?? "decides"]) }
        return head.joined(separator: "\n") + "\n\n" + table.text
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(object), as: UTF8.self)
        }
    }

    private var part: String {
        switch explanation.finding.part {
        case .override: "an operator's rule"
        case .challenge, .common: "a rule for all platforms"
        case .platform: "a rule of the platform"
        case .transport: "no answer came"
        case .texts: "words of the message"
        case .status: "the bare status"
        case .none: "nothing"
        }
    }

    private var policy: String {
        let after = error.policyOverride == nil ? error.code.afterwards.map(\.rawValue) : []
        return ([error.policy.rawValue] + after).joined(separator: ", then ")
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private var object: JSONObject {
        let finding = explanation.finding
        return JSONObject(
            code: error.code.name, rule: finding.part == .none ? nil : finding.ruleID, part: finding.part.rawValue,
            sentence: error.message, fault: error.fault.rawValue, policy: error.policy.rawValue,
            countsAttempt: error.code.countsAttempt, health: error.code.health.rawValue,
            waitSeconds: error.retryAfter.map(Self.seconds), remedy: finding.remedy.rawValue,
            customerCode: error.customerCode.rawValue,
            merchant: merchant.map { [$0.happened, $0.affected, $0.action] },
            engineer: Texts.english.engineer(error.code), body: evidence.body.rawValue,
            platformCode: error.platformCode, platformMessage: error.platformMessage,
            requestID: error.platformRequestID, evidence: error.evidence,
            asked: explanation.steps.map {
                JSONObject.Asked(rule: $0.ruleID, part: $0.part.rawValue, mismatch: $0.mismatch)
            })
    }

    private struct JSONObject: Encodable {
        struct Asked: Encodable {
            let rule: String
            let part: String
            let mismatch: String?
        }

        let code: String
        let rule: String?
        let part: String
        let sentence: String
        let fault: String
        let policy: String
        let countsAttempt: Bool
        let health: String
        let waitSeconds: Double?
        let remedy: String
        let customerCode: String
        let merchant: [String]?
        let engineer: String
        let body: String
        let platformCode: String?
        let platformMessage: String?
        let requestID: String?
        let evidence: String?
        let asked: [Asked]

        enum CodingKeys: String, CodingKey {
            case code, rule, part, sentence, fault, policy, health, remedy, merchant, engineer, body, evidence, asked
            case countsAttempt = "counts_attempt"
            case waitSeconds = "wait_s"
            case customerCode = "customer_code"
            case platformCode = "platform_code"
            case platformMessage = "platform_message"
            case requestID = "request_id"
        }
    }
}
