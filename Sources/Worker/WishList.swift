package import FoundationEssentials
package import Jobs

/// In which order a worker asks for platforms and bands.
///
/// Urgent work first; but every seventh claim begins with one of the other bands, in turn, so that each keeps a share
/// however much there is above it: every band comes first within 28 claims. Platforms take turns.
struct WishList: Sendable {
    private let platforms: [String]

    init(platforms: [String]) { self.platforms = platforms.sorted() }

    func ordered(turn: Int, without closed: Set<String> = []) -> [Claim.Wish] {
        let platforms = closed.isEmpty ? platforms : platforms.filter { !closed.contains($0) }
        var bands = Band.allCases
        if turn % 7 == 6 { bands.insert(bands.remove(at: bands.count - 1 - (turn / 7) % (bands.count - 1)), at: 0) }
        let start = platforms.isEmpty ? 0 : turn % platforms.count
        let rotated = platforms[start...] + platforms[..<start]
        return bands.flatMap { band in rotated.map { Claim.Wish(platform: $0, band: band) } }
    }
}

/// Where a claim may begin to look: below the last ticket it was served, nothing waits.
///
/// Lanes go to the back of their band, so tickets only grow. Without the floor, a claim behind somebody's long
/// transaction walks over every index entry that lanes have left since: within a minute of 5,000 jobs a second, 13 ms
/// instead of 2. A lane may yet get an older ticket (an enqueue that took long to commit), so the floors are forgotten
/// every few seconds; such a lane waits that long at most. They are kept when a claim comes back empty: a fleet that
/// is quicker than its work comes back empty all the time.
package struct TicketFloors: Sendable {
    private var floors: [Claim.Wish: Date] = [:]
    private var forgetAt = ContinuousClock.now

    /// How long a floor is believed.
    static let lifetime = Duration.seconds(5)
    /// How far below the last ticket the floor lies.
    static let margin: TimeInterval = 0.1

    package init() {}

    package mutating func current(now: ContinuousClock.Instant) -> [Claim.Wish: Date] {
        if now >= forgetAt {
            floors = [:]
            forgetAt = now + Self.lifetime
        }
        return floors
    }

    package mutating func learn(from jobs: [LeasedJob]) {
        for job in jobs {
            let wish = Claim.Wish(platform: job.platform, band: job.band)
            floors[wish] = max(floors[wish] ?? .distantPast, job.ticket - Self.margin)
        }
    }
}
