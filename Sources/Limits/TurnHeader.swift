import Platforms

/// What a call says about itself, beside its turns.
struct TurnHeader: Sendable {
    /// Microseconds in place of the server's clock, for tests.
    var now: Double?
    var band = LimitBand.incremental
    /// Only asks how long a token of each bucket would take; changes nothing.
    var isDry = false
    /// How long this limiter has granted by itself because it could not ask; 0 when it has not.
    var awayMicroseconds = 0.0
    /// How long a new epoch waits for limiters that are still granting by themselves.
    var graceMicroseconds = 0.0
    /// The part of each limit that one limiter grants by itself while it cannot ask.
    var outageShare = 0.05

    /// In the order in which the script reads them.
    var numbers: [Double] {
        [now ?? -1, Double(band.rawValue), isDry ? 1 : 0, awayMicroseconds, graceMicroseconds, outageShare]
    }
}

/// What a call came to.
struct TurnAnswer: Sendable, Equatable {
    /// Microseconds until all turns may be possible; 0 when their tokens have been taken, or `draws` says otherwise.
    var wait: Int64 = 0
    /// Which turn is short the longest.
    var slowest: Int?
    /// The clock's microseconds.
    var now: Int64 = 0
    /// The epoch.
    var born: Int64 = 0
    /// A quota that needs a draw from the ledger, and whose caller is the one to do it. Nothing was taken.
    var draws: Int?
    /// A quota of which the platform's count is lower than the ledger's, or that begins anew at another time.
    var reports: Int?
    /// What the ledger should have left of it.
    var rest: Int64 = 0
    /// Of a dry call: microseconds for each turn.
    var waits: [Int64] = []

    var isGranted: Bool { wait == 0 && draws == nil }

    /// Nil when the numbers are too few.
    init?(_ numbers: [Int64]) {
        guard numbers.count >= 7 else { return nil }
        func index(_ number: Int64) -> Int? { number > 0 ? Int(number) - 1 : nil }
        wait = numbers[0]
        slowest = index(numbers[1])
        now = numbers[2]
        born = numbers[3]
        draws = index(numbers[4])
        reports = index(numbers[5])
        rest = numbers[6]
        waits = Array(numbers[7...])
    }

    init() {}
}
