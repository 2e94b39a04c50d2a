package import FoundationEssentials

/// How a simulated token endpoint deals in tokens.
package struct SandboxTokenRules: Sendable, Equatable {
    /// What becomes of a refresh token that was used.
    package enum Reuse: String, Sendable, CaseIterable {
        /// It is dead.
        case strict
        /// It may be used again until one that replaced it is.
        case untilReplaced = "until_replaced"
        /// Nothing: there is one, and it stays.
        case kept
    }

    /// Seconds an access token lives.
    package var life: Int
    /// Seconds a refresh token lives if it is not used.
    package var refreshLife: Int
    package var reuse: Reuse

    package init(life: Int = 3600, refreshLife: Int = 7_776_000, reuse: Reuse = .strict) {
        self.life = life
        self.refreshLife = refreshLife
        self.reuse = reuse
    }
}

/// What a simulated token endpoint counted by itself: the judge of whether refreshing was done as it must be.
package struct SandboxTokenReport: Sendable, Equatable, Codable {
    /// Calls of the endpoint, refused ones included.
    package var calls = 0
    /// Access tokens given.
    package var issued = 0
    /// Refresh tokens that were used again while that was allowed.
    package var reused = 0
    /// Uses of refresh tokens that were dead.
    package var deadUses = 0
    /// The most uses of one dead refresh token.
    package var deadUsesMax = 0
    /// Access tokens that are valid now.
    package var live = 0
    /// Access tokens that were shown to be refused.
    package var refusedTokens = 0

    package init() {}

    enum CodingKeys: String, CodingKey {
        case calls, issued, reused, live
        case deadUses = "dead_uses"
        case deadUsesMax = "dead_uses_max"
        case refusedTokens = "refused_tokens"
    }
}

/// The tokens of one simulated merchant: gives them, knows which are valid, and really lets them die.
///
/// **Thread**: confined to its store.
package final class SandboxTokenDesk {
    package struct Issued {
        package let access: String
        package let refresh: String?
        package let life: Int
        package let refreshLife: Int
    }

    /// Why a refresh token is not taken.
    package enum Refusal: Error { case unknown, used, expired }

    private struct Refresh {
        let parent: String?
        let expiresAt: Date
        var isUsed = false
        var isDead = false
        var deadUses = 0
    }

    private let rules: SandboxTokenRules
    private let prefix: String
    private var random: SeededRandom
    private var refreshTokens: [String: Refresh] = [:]
    private var accessTokens: [String: Date] = [:]
    private var report = SandboxTokenReport()

    /// - Parameter refreshToken: the one the merchant's installation gave; nil where there is none.
    package init(rules: SandboxTokenRules, seed: UInt64, prefix: String = "sandbox-", refreshToken: String?) {
        self.rules = rules
        self.prefix = prefix
        random = SeededRandom(seed: seed ^ 0x70CE)
        if let refreshToken { refreshTokens[refreshToken] = Refresh(parent: nil, expiresAt: .distantFuture) }
    }

    /// An access token alone, as for client credentials.
    package func issue(now: Date) -> Issued {
        report.calls += 1
        return Issued(access: access(now), refresh: nil, life: rules.life, refreshLife: rules.refreshLife)
    }

    /// A pair for a refresh token.
    package func refresh(with token: String, now: Date) throws(Refusal) -> Issued {
        report.calls += 1
        guard var used = refreshTokens[token] else { throw .unknown }
        if used.isDead || used.expiresAt <= now {
            used.deadUses += 1
            refreshTokens[token] = used
            report.deadUses += 1
            report.deadUsesMax = max(report.deadUsesMax, used.deadUses)
            throw used.isDead ? .used : .expired
        }
        if used.isUsed, rules.reuse == .untilReplaced { report.reused += 1 }
        used.isUsed = true
        used.isDead = rules.reuse == .strict
        refreshTokens[token] = used
        if rules.reuse == .untilReplaced, let parent = used.parent { refreshTokens[parent]?.isDead = true }
        var next = token
        if rules.reuse != .kept {
            next = prefix + "refresh-" + word()
            refreshTokens[next] = Refresh(parent: token, expiresAt: refreshExpiry(now))
        }
        return Issued(access: access(now), refresh: next, life: rules.life, refreshLife: rules.refreshLife)
    }

    /// The merchant signs in (again): a pair that nobody has seen. No call is counted.
    package func authorise(now: Date) -> Issued {
        let token = prefix + "refresh-" + word()
        refreshTokens[token] = Refresh(parent: nil, expiresAt: refreshExpiry(now))
        return Issued(access: access(now), refresh: token, life: rules.life, refreshLife: rules.refreshLife)
    }

    /// Notes a call that was refused before any token was looked at.
    package func refuse() { report.calls += 1 }

    package func isValid(_ access: String?, now: Date) -> Bool {
        if let access, let end = accessTokens[access], end > now { return true }
        report.refusedTokens += 1
        return false
    }

    /// Lets every access token expire now. Refresh tokens stay.
    package func expire() { accessTokens.removeAll() }

    /// The merchant takes back what was given: no token works any more.
    package func revoke() {
        accessTokens.removeAll()
        for token in refreshTokens.keys { refreshTokens[token]?.isDead = true }
    }

    package func report(now: Date) -> SandboxTokenReport {
        var report = report
        report.live = accessTokens.values.count { $0 > now }
        return report
    }

    private func access(_ now: Date) -> String {
        if accessTokens.count > 1000 { accessTokens = accessTokens.filter { $0.value > now } }
        let token = prefix + "access-" + word()
        accessTokens[token] = now.addingTimeInterval(Double(rules.life))
        report.issued += 1
        return token
    }

    private func refreshExpiry(_ now: Date) -> Date { now.addingTimeInterval(Double(rules.refreshLife)) }
    private func word() -> String { String(random.next(), radix: 36) + String(random.next(), radix: 36) }
}
