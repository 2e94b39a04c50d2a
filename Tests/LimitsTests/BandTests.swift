import Platforms
import Testing

@testable import Limits

@Suite("Who goes first")
struct BandTests {
    @Test("each band leaves its reserve", arguments: Implementation.allCases)
    func reserve(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .connection, capacity: 100, refillPerSecond: 1)])
        try await withLimiter(implementation) { limiter, clock in
            clock.advance(by: .seconds(100))
            for (band, most) in zip(LimitBand.allCases, [100, 95, 90, 80, 70]) {
                var taken = 0
                while await shop.take(of: "b", by: Int64(most), band: band, limiter).isGranted { taken += 1 }
                #expect(taken == most)
            }
        }
    }

    @Test("a bucket of one serves every band", arguments: Implementation.allCases)
    func small(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .app, capacity: 1, refillPerSecond: 1)])
        try await withLimiter(implementation) { limiter, clock in
            for band in LimitBand.allCases {
                clock.advance(by: .seconds(10))
                #expect(await shop.take(of: "b", band: band, limiter).isGranted)
            }
        }
    }

    @Test("free tokens go to the highest band that waits; the lowest keeps a tenth", arguments: Implementation.allCases)
    func priority(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .app, capacity: 20, refillPerSecond: 20)])
        try await withLimiter(implementation) { limiter, clock in
            var granted: [LimitBand: Int] = [:]
            // Both always want more than there is; each comes when it was told to.
            var dues: [(due: Double, band: LimitBand)] = []
            for _ in 0..<10 { dues += [(0, .incremental), (0, .backfill)] }
            while clock.microseconds < 120_000_000 {
                let next = try #require(dues.indices.min { dues[$0].due < dues[$1].due })
                let ahead = dues[next].due - clock.microseconds
                if ahead > 0 { clock.advance(by: .microseconds(Int64(ahead))) }
                let admission = await shop.take(of: "b", band: dues[next].band, limiter)
                if let seconds = admission.seconds {
                    dues[next].due = clock.microseconds + seconds * 1_000_000
                } else {
                    granted[dues[next].band, default: 0] += 1
                    dues[next].due = clock.microseconds + 1000
                }
            }
            let (high, low) = (granted[.incremental] ?? 0, granted[.backfill] ?? 0)
            let share = Double(low) / Double(high + low)
            #expect((0.05...0.15).contains(share), "\(granted)")
            #expect(high + low >= 2250, "\(granted)")
        }
    }

    @Test("a large demand is not starved by small ones of lower bands", arguments: Implementation.allCases)
    func large(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .app, capacity: 100, refillPerSecond: 10)])
        try await withLimiter(implementation) { limiter, clock in
            let told = try #require(await shop.take(80, of: "b", band: .incremental, limiter).seconds)
            var small = 0
            for _ in 0..<Int(told * 10) {
                clock.advance(by: .milliseconds(100))
                if await shop.take(of: "b", band: .backfill, limiter).isGranted { small += 1 }
            }
            clock.advance(by: .milliseconds(100))
            #expect(await shop.take(80, of: "b", band: .incremental, limiter).isGranted)
            #expect(small == 0)
        }
    }
}
