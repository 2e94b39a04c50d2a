package import FoundationEssentials

/// The rules in force for a platform, in the order in which they are asked.
///
/// 1. rules an operator has added; 2. challenges that a header gives away: whatever the status, no platform answered;
/// 3. the platform's own; 4. for a request without an answer, what the HTTP client says it was; 5. what headers,
/// statuses and the shape of the body say on any platform; 6. words of messages, in the languages platforms answer in, where the
/// status leaves it open; 7. the bare status; 8. `unknown.unclassified`.
package struct RuleBook: Sendable {
    /// Which of the parts above a decision comes from.
    package enum Part: String, Sendable, CaseIterable {
        case override, challenge, platform, transport, common, texts, status, none
    }

    package let shape: ErrorShape
    package let hosting: Hosting?
    private let parts: [(part: Part, rules: [CompiledRule])]

    /// - Parameter overrides: first those that decide first.
    package init(
        rules: [ErrorRule], shape: ErrorShape = ErrorShape(), hosting: Hosting?, overrides: [ErrorRule] = []
    ) {
        self.shape = shape
        self.hosting = hosting
        parts = [
            (.override, overrides.map(CompiledRule.init)), (.challenge, CommonRules.challenges),
            (.platform, rules.map(CompiledRule.init)),
            (.transport, CommonRules.transport), (.common, CommonRules.decisive), (.texts, CommonRules.texts),
            (.status, CommonRules.statuses),
        ]
    }

    package init(of platform: some Platform, overrides: [ErrorRule] = []) {
        self.init(
            rules: platform.errorRules, shape: platform.errorShape, hosting: platform.hosting, overrides: overrides)
    }

    /// What the evidence means.
    package func classify(_ evidence: ErrorEvidence) -> ErrorFinding {
        var look = Look(evidence, hosting: hosting)
        for (part, rules) in parts {
            if let presumed = presumed(evidence, in: part) { return presumed }
            if let rule = rules.first(where: { $0.mismatch(&look) == nil }) {
                return ErrorFinding(rule.rule, in: part, evidence)
            }
        }
        return ErrorFinding.unclassified(evidence)
    }

    /// The same, with why each rule that was asked did not fit.
    package func explain(_ evidence: ErrorEvidence) -> ErrorExplanation {
        var look = Look(evidence, hosting: hosting)
        var steps: [ErrorExplanation.Step] = []
        for (part, rules) in parts {
            if let presumed = presumed(evidence, in: part) {
                steps.append(.init(ruleID: presumed.ruleID, part: part, mismatch: nil))
                return ErrorExplanation(finding: presumed, steps: steps)
            }
            for rule in rules {
                let mismatch = rule.mismatch(&look)
                steps.append(.init(ruleID: rule.rule.id, part: part, mismatch: mismatch))
                if mismatch == nil {
                    return ErrorExplanation(finding: ErrorFinding(rule.rule, in: part, evidence), steps: steps)
                }
            }
        }
        return ErrorExplanation(finding: .unclassified(evidence), steps: steps)
    }

    /// The unified error, with all that is worth keeping of the evidence.
    package func error(_ evidence: ErrorEvidence) -> UnifiedError {
        UnifiedError(classify(evidence), evidence, shape: shape, hosting: hosting)
    }

    /// What an answer failed with; nil for a success: a status that says so and no mark of the shape's that says else.
    package func failure(
        in exchange: Exchange, now: Date, operation: String? = nil, resource: String? = nil
    ) -> UnifiedError? {
        let evidence = ErrorEvidence(
            exchange.response, shape: shape, now: now, operation: operation, resource: resource,
            route: exchange.request.route)
        let isSuccess = (200..<300).contains(exchange.response.status)
        if isSuccess, evidence.body == shape.answers || exchange.response.status == 204,
            !evidence.isMarked(by: shape)
        {
            return nil
        }
        return error(evidence)
    }

    private func presumed(_ evidence: ErrorEvidence, in part: Part) -> ErrorFinding? {
        guard part == .transport, let (code, sentence) = evidence.presumed else { return nil }
        return ErrorFinding(
            code: code, sentence: sentence, ruleID: "transport.\(evidence.transport ?? "unknown")", part: .transport,
            wait: evidence.wait, remedy: .none)
    }
}

/// What a rule book made of some evidence.
package struct ErrorFinding: Sendable {
    package let code: ErrorCode
    package let sentence: String
    package let ruleID: String
    package let part: RuleBook.Part
    /// How long to wait, by the answer or by the rule.
    package let wait: Duration?
    package let remedy: ErrorRule.Remedy
    package let policy: ErrorCode.Policy?
    package let customerCode: CustomerCode?

    init(
        code: ErrorCode, sentence: String, ruleID: String, part: RuleBook.Part, wait: Duration?,
        remedy: ErrorRule.Remedy, policy: ErrorCode.Policy? = nil, customerCode: CustomerCode? = nil
    ) {
        self.code = code
        self.sentence = sentence
        self.ruleID = ruleID
        self.part = part
        self.wait = wait
        self.remedy = remedy
        self.policy = policy
        self.customerCode = customerCode
    }

    init(_ rule: ErrorRule, in part: RuleBook.Part, _ evidence: ErrorEvidence) {
        let told = Self.wait(rule, evidence)
        // Without a time to wait for, waiting has to feel its way.
        let code = rule.code == .rateLimited && told == nil && rule.fixedWait == nil ? .rateLimitedNoHint : rule.code
        self.init(
            code: code, sentence: rule.sentence, ruleID: rule.id, part: part, wait: told ?? rule.fixedWait,
            remedy: rule.remedy, policy: rule.policy, customerCode: rule.customerCode)
    }

    static func unclassified(_ evidence: ErrorEvidence) -> ErrorFinding {
        ErrorFinding(
            code: .unclassified, sentence: "the answer is one that no rule knows", ruleID: "unclassified", part: .none,
            wait: nil, remedy: .none)
    }

    /// What the answer says: the longest of the rule's places, else what the platform's code worked out, else HTTP's
    /// own header where the code is one that waits.
    private static func wait(_ rule: ErrorRule, _ evidence: ErrorEvidence) -> Duration? {
        let places = rule.waits.flatMap { source in
            let texts: [String] =
                switch source.place {
                case .header(let name): evidence.header(name).map { [$0] } ?? []
                case .path(let path): evidence.values(at: path).map(\.text)
                }
            return texts.compactMap { source.wait(in: $0, now: evidence.now) }
        }
        if let longest = places.max() { return longest }
        if let wait = evidence.wait { return wait }
        switch rule.policy ?? rule.code.policy {
        case .waitUntil, .backoff, .snooze, .retryNow:
            return evidence.header("retry-after").flatMap {
                WaitSource(.header("retry-after"), .retryAfter).wait(in: $0, now: evidence.now)
            }
        default: return nil
        }
    }
}

/// How a rule book came to its decision.
package struct ErrorExplanation: Sendable {
    package struct Step: Sendable {
        package let ruleID: String
        package let part: RuleBook.Part
        /// Why the rule did not fit; nil for the one that decides.
        package let mismatch: String?
    }

    package let finding: ErrorFinding
    /// The rules that were asked, in order. The last decides, unless nothing did.
    package let steps: [Step]
}
