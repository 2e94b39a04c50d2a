/// A rule with its patterns made ready.
struct CompiledRule: Sendable {
    let rule: ErrorRule
    private let headers: [(name: String, pattern: TextPattern)]
    private let texts: [TextPattern]
    private let contained: [[TextPattern]]

    init(_ rule: ErrorRule) {
        self.rule = rule
        headers = rule.headers.map { ($0.name.lowercased(), TextPattern($0.pattern, isWhole: true)) }
        texts = rule.texts.map { TextPattern($0.pattern) }
        contained = rule.paths.map { path in
            if case .contains(let patterns) = path.test { patterns.map { TextPattern($0) } } else { [] }
        }
    }

    /// Why the rule does not fit; nil when it does. The cheap conditions come first.
    func mismatch(_ look: inout Look) -> String? {
        scopeMismatch(look) ?? transportMismatch(look.evidence) ?? headMismatch(look.evidence)
            ?? bodyMismatch(look.evidence) ?? wordsMismatch(&look)
    }

    private func scopeMismatch(_ look: Look) -> String? {
        if let wanted = rule.hosting, let hosting = look.hosting, ErrorRule.HostingKind(hosting) != wanted {
            return "only where the \(wanted.rawValue) runs the server"
        }
        if let wanted = rule.hosting, look.hosting == nil { return "only where the \(wanted.rawValue) runs the server" }
        return Self.scope("operation", look.evidence.operation, rule.operations)
            ?? Self.scope("resource", look.evidence.resource, rule.resources)
    }

    private static func scope(_ what: String, _ value: String?, _ allowed: [String]) -> String? {
        if allowed.isEmpty || value.map(allowed.contains) == true { return nil }
        return "\(what) is \(value ?? "not known"), not \(allowed.joined(separator: ", "))"
    }

    private func transportMismatch(_ evidence: ErrorEvidence) -> String? {
        if !rule.transports.isEmpty {
            guard let word = evidence.transport else { return "an answer came" }
            if !rule.transports.contains(word) { return "the request ended as \(word)" }
        }
        if !rule.curlCodes.isEmpty {
            guard let code = evidence.curlCode else { return "libcurl reported nothing" }
            if !rule.curlCodes.contains(code) { return "libcurl's code is \(code)" }
        }
        let isForAnswers = rule.transports.isEmpty && rule.curlCodes.isEmpty
        return isForAnswers && evidence.status == nil ? "no answer came" : nil
    }

    private func headMismatch(_ evidence: ErrorEvidence) -> String? {
        if !rule.statuses.isEmpty {
            guard let status = evidence.status, rule.statuses.contains(where: { $0.range.contains(status) }) else {
                return "status is \(evidence.status.map(String.init) ?? "none"), not "
                    + rule.statuses.map(\.description).joined(separator: ", ")
            }
        }
        for (name, pattern) in headers {
            guard let value = evidence.header(name) else { return "there is no header \(name)" }
            if !pattern.fits(FoldedText(value)) { return "header \(name) is another" }
        }
        return nil
    }

    private func bodyMismatch(_ evidence: ErrorEvidence) -> String? {
        if !rule.bodies.isEmpty, !rule.bodies.contains(evidence.body) {
            return "the body is \(evidence.body.rawValue), not \(rule.bodies.map(\.rawValue).joined(separator: ", "))"
        }
        if let wanted = rule.hasReason, wanted != !(evidence.codes.isEmpty && evidence.messages.isEmpty) {
            return wanted ? "the answer does not say why" : "the answer says why"
        }
        if !rule.codes.isEmpty, !rule.codes.contains(where: evidence.codes.contains) {
            let codes = evidence.codes.prefix(3).map { "`\($0.prefix(60))`" }.joined(separator: ", ")
            return codes.isEmpty ? "the answer has no code" : "the code is \(codes)"
        }
        for (index, path) in rule.paths.enumerated() {
            if let reason = mismatch(of: path, contained[index], evidence) { return reason }
        }
        return nil
    }

    private func mismatch(of path: ErrorRule.Path, _ patterns: [TextPattern], _ evidence: ErrorEvidence) -> String? {
        let values = evidence.values(at: path.path)
        let isThere = values.contains { !$0.isVoid }
        switch path.test {
        case .present: return isThere ? nil : "there is nothing at \(path.path)"
        case .absent: return isThere ? "there is something at \(path.path)" : nil
        case .anyOf(let wanted):
            return values.contains { wanted.contains($0.text) } ? nil : "\(path.path) is none of those"
        case .contains:
            let isFound = values.contains { value in
                let folded = FoldedText(value.text)
                return patterns.contains { $0.fits(folded) }
            }
            return isFound ? nil : "\(path.path) has none of the words"
        }
    }

    private func wordsMismatch(_ look: inout Look) -> String? {
        if texts.isEmpty { return nil }
        let words = look.words
        return texts.contains { $0.fits(words) } ? nil : "none of the words is in the text"
    }
}

/// One evidence on its way through the rules: what several rules need is worked out once.
struct Look {
    let evidence: ErrorEvidence
    let hosting: Hosting?
    private var folded: FoldedText?

    init(_ evidence: ErrorEvidence, hosting: Hosting?) {
        self.evidence = evidence
        self.hosting = hosting
    }

    var words: FoldedText {
        mutating get {
            if let folded { return folded }
            let made = FoldedText(evidence.words)
            folded = made
            return made
        }
    }
}
