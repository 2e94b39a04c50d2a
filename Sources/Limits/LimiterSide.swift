import Platforms
import Redis

/// What one limiter remembers of the server that keeps one platform's buckets.
struct LimiterSide {
    /// The epoch's key.
    let epochKey: RedisArgument
    /// Who answered last, …
    private var server: RedisServer?
    /// … as the script is told it.
    private var identity: RedisArgument?
    /// The epoch of the last answer.
    var born: Int64?
    /// When it could not be asked for the first time, in microseconds; nil while it answers.
    var awaySince: Double?
    /// Whether anything was granted meanwhile.
    var hasGranted = false
    /// What it has to be told.
    var carried: [String: BucketTurn] = [:]
    /// Until when those are blocked; what is left of it is told.
    var blockedUntil: [String: Double] = [:]

    /// Kept for a server that is away; the oldest matter least, but none may pile up.
    private static let carriedMax = 65_536
    /// Told in one call.
    private static let toldMax = 50
    /// Whoever was away for less, and granted nothing, has missed nothing: microseconds.
    private static let shortestAway = 250_000.0

    init(_ platform: String) { epochKey = RedisArgument(BucketTurn.epochKey(platform: platform)) }

    /// What the script is told of who answers now, and of who answered before.
    func identities(_ server: RedisServer) -> (now: RedisArgument, before: RedisArgument) {
        if let identity, isKnown(server) { return (identity, identity) }
        let now = RedisArgument("\(server.runID):\(server.replicationID)")
        return (now, identity ?? now)
    }

    /// Notes who answered.
    private mutating func met(_ server: RedisServer) {
        if isKnown(server) { return }
        identity = identities(server).now
        self.server = server
    }

    private func isKnown(_ server: RedisServer) -> Bool {
        self.server?.runID == server.runID && self.server?.replicationID == server.replicationID
    }

    /// Notes an answer of an epoch.
    mutating func returned(_ born: Int64, _ server: RedisServer) {
        met(server)
        self.born = born
        awaySince = nil
        hasGranted = false
    }

    /// Whether there is something to be told, or not to be forgotten.
    var isTroubled: Bool { awaySince != nil || !carried.isEmpty }

    /// Notes what was granted by ourselves, and blocks that could not be told.
    mutating func carry(_ turn: BucketTurn, charge: Double, at now: Double) {
        let block = Double(turn.lesson.blockMicroseconds)
        guard charge > 0 || block > 0, carried.count < Self.carriedMax || carried[turn.key] != nil else { return }
        var known = carried[turn.key] ?? turn.idle
        known.charge += charge
        carried[turn.key] = known
        if block > 0 { blockedUntil[turn.key] = max(blockedUntil[turn.key] ?? 0, now + block) }
    }

    /// What is to be told with the next call; forgotten here.
    mutating func takeCarried(at now: Double) -> [BucketTurn] {
        if carried.isEmpty { return [] }
        return carried.keys.prefix(Self.toldMax).compactMap { key in
            var turn = carried.removeValue(forKey: key)
            if let until = blockedUntil.removeValue(forKey: key) {
                turn?.lesson.blockMicroseconds = Int64(max(0, until - now))
            }
            return turn
        }
    }

    /// How long we have granted by ourselves; 0 when that is over or was nothing.
    func away(at now: Double) -> Double {
        guard let awaySince else { return 0 }
        let away = max(1, now - awaySince)
        return hasGranted || away >= Self.shortestAway ? away : 0
    }
}
