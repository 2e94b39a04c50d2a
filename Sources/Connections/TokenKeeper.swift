package import FoundationEssentials
package import Logging
internal import Platforms
package import Postgres
internal import Synchronization

/// An access token of a connection. Shows itself without it.
package struct AccessToken: Sendable {
    package let value: Secret
    /// Which of the connection's pairs it belongs to: what ``TokenKeeper/token(replacing:for:)`` is told.
    package let generation: Int64
}

/// Gives connections that sign in through a token endpoint a valid access token, and refreshes it before it expires:
/// once in the whole fleet, whatever crashes.
///
/// Tokens are kept in memory until shortly before they expire; sealed in Postgres they are shared. Who refreshes first
/// writes down the intent (`portolan.begin_refresh`), asks with no transaction open, and stores the new pair before
/// anybody uses it. The others go on with the old token while it lives, and wait a little for the new one when it does
/// not.
///
/// *Thread-safety notes*: any task may call. One errand a connection is under way in a process; it goes on to its end
/// when its callers are cancelled, so a process that is told to stop waits in ``drain(within:)``.
package final class TokenKeeper: Sendable {
    package struct Limits: Sendable {
        /// For one call of a token endpoint.
        package var requestTime: Duration = .seconds(30)
        /// How long a caller waits for a token that somebody else is getting.
        package var waitTime: Duration = .seconds(10)
        /// An access token that is refused is not replaced when it is younger: the next would be refused as well.
        package var youngAge: Duration = .seconds(30)
        /// How long what was got is tried to be stored while the database is away.
        package var storeTime: Duration = .seconds(300)

        package init() {}

        /// For how long a refresh belongs to who began it: its calls (a second one with a spare token, and the wait for
        /// a one-time code), and a margin for slow machines.
        var intentTime: Duration { requestTime * 2 + .seconds(50) }
    }

    /// Where a refresh has got to; told to tests that stop it there.
    package enum Stage: String, Sendable, CaseIterable, Codable { case begun, sending, answered, stored }

    private struct Cached {
        let token: AccessToken
        let expiresAt: Duration
        var refreshAt: Duration
    }

    private struct State {
        var cache: [Int64: Cached] = [:]
        var flights: [Int64: TokenFlight] = [:]
    }

    private let refresher: TokenRefresher
    private let clock: TokenClock
    private let limits: Limits
    private let state = Mutex(State())

    private static let cachedMax = 50_000
    private static let askAgain = Duration.seconds(15)
    /// An access token that dies sooner is no longer given out.
    private static let lifeMin = Duration.seconds(5)

    /// - Parameters:
    ///   - workerID: who refreshes, in `portolan.connection_tokens`.
    ///   - onStage: called in the midst of refreshes.
    package init(
        pool: PostgresPool, vault: Vault, transport: any TokenTransport, workerID: UUID, limits: Limits = Limits(),
        clock: TokenClock = .system, logger: Logger, onStage: @escaping @Sendable (Stage) -> Void = { _ in }
    ) {
        refresher = TokenRefresher(
            store: TokenStore(pool: pool, vault: vault, workerID: workerID), transport: transport, clock: clock,
            limits: limits, logger: logger, onStage: onStage)
        self.clock = clock
        self.limits = limits
    }

    /// What the account's requests are authorised with: its credentials, and its access token where its method has one.
    ///
    /// - Returns: the values for ``Authorizer``, and the token, to be called refused if it is.
    /// - Throws: as ``token(for:)``.
    package func values(for account: Account) async throws -> (values: [String: Secret], token: AccessToken?) {
        guard account.method.grant != nil else { return (account.credentials, nil) }
        let token = try await token(for: account)
        var values = account.credentials
        values[TokenGrant.tokenField] = token.value
        return (values, token)
    }

    /// A valid access token.
    ///
    /// - Throws: ``UnifiedError``: `auth.refresh_rejected` and the like when the merchant has to sign in again,
    ///   `auth.refresh_unavailable` while the token endpoint gives none, `auth.refresh_raced` when somebody else is
    ///   still getting one (both with the time to wait); ``PostgresError``; `CancellationError`.
    package func token(for account: Account) async throws -> AccessToken {
        let now = clock.uptime()
        let id = account.connectionID
        if let cached = state.withLock({ $0.cache[id] }), cached.expiresAt - now > Self.lifeMin {
            // Due, but good: it is replaced behind the caller's back.
            if cached.refreshAt <= now { _ = takeOff(account, refused: nil) }
            return cached.token
        }
        return try await wait(for: takeOff(account, refused: nil))
    }

    /// Another access token, after the platform refused this one.
    ///
    /// One that was stored meanwhile, by whomever; else one that is got now. Called at most once for a request: a
    /// second refusal is the platform's last word.
    ///
    /// - Throws: as ``token(for:)``; `auth.credentials_invalid` when the refused one was got a moment ago.
    package func token(replacing refused: AccessToken, for account: Account) async throws -> AccessToken {
        let id = account.connectionID
        state.withLock { if $0.cache[id]?.token.generation == refused.generation { $0.cache[id] = nil } }
        // The first may be an errand that began before the refusal was known, and brings the same token again.
        for _ in 0..<2 {
            let token = try await wait(for: takeOff(account, refused: refused.generation))
            if token.generation != refused.generation { return token }
        }
        throw TokenRefresher.raced("the access token that was refused is still being replaced")
    }

    /// Refreshes tokens that nobody has needed for so long that their refresh tokens would die.
    ///
    /// - Parameter open: reads a connection's account, as ``Account/read(_:pool:vault:platforms:)`` does.
    /// - Returns: the connections looked at, each with what went wrong with it.
    package func refreshIdle(
        limit: Int = 100, open: (Int64) async throws -> Account?
    ) async throws -> [(connectionID: Int64, error: (any Error)?)] {
        var looked: [(connectionID: Int64, error: (any Error)?)] = []
        for id in try await refresher.store.due(limit: limit) {
            try Task.checkCancellation()
            do {
                if let account = try await open(id), account.method.grant != nil {
                    _ = try await wait(for: takeOff(account, refused: nil, isIdle: true))
                }
                looked.append((id, nil))
            } catch let error as CancellationError {
                throw error
            } catch {
                looked.append((id, error))
            }
        }
        return looked
    }

    /// Waits until no refresh is under way in this process. False when there still was one after that time.
    package func drain(within time: Duration) async -> Bool {
        let end = clock.uptime() + time
        while let flight = state.withLock({ $0.flights.first?.value }) {
            let left = end - clock.uptime()
            guard left > .zero, !Task.isCancelled else { return false }
            _ = await flight.wait(within: left, clock: clock)
            await Task.yield()
        }
        return true
    }

    // MARK: Errands

    /// The errand that is under way for the connection, or a new one.
    private func takeOff(_ account: Account, refused: Int64?, isIdle: Bool = false) -> TokenFlight {
        let id = account.connectionID
        let (flight, isNew) = state.withLock { state in
            if let flight = state.flights[id] { return (flight, false) }
            let flight = TokenFlight()
            state.flights[id] = flight
            return (flight, true)
        }
        guard isNew else { return flight }
        Task {
            let landing: TokenFlight.Landing
            do {
                let got = try await refresher.fetch(account, refused: refused, isIdle: isIdle)
                keep(got, of: id)
                landing = .success(got.token)
            } catch {
                let again = clock.uptime() + Self.askAgain
                state.withLock { state in
                    if let cached = state.cache[id], cached.refreshAt < again { state.cache[id]?.refreshAt = again }
                }
                landing = .failure(error)
            }
            state.withLock { $0.flights[id] = nil }
            flight.land(landing)
        }
        return flight
    }

    private func keep(_ got: TokenRefresher.Got, of id: Int64) {
        let now = clock.uptime()
        // One that is due and could not be replaced is not asked about again at every call.
        let refreshAt = got.refreshIn > .zero ? got.askedAt + got.refreshIn : now + Self.askAgain
        state.withLock { state in
            // An older pair never replaces a newer one.
            if let known = state.cache[id], known.token.generation > got.token.generation { return }
            if state.cache.count >= Self.cachedMax {
                state.cache = state.cache.filter { $0.value.expiresAt > now }
                if state.cache.count >= Self.cachedMax { state.cache.removeAll() }
            }
            state.cache[id] = Cached(
                token: got.token, expiresAt: got.askedAt + got.expiresIn, refreshAt: refreshAt)
        }
    }

    private func wait(for flight: TokenFlight) async throws -> AccessToken {
        guard let landing = await flight.wait(within: limits.waitTime, clock: clock) else {
            try Task.checkCancellation()
            throw TokenRefresher.raced("the token endpoint is being asked and has not answered yet")
        }
        return try landing.get()
    }
}
