import Testing

@testable import Jobs

@Suite("Back-off")
struct BackoffTests {
    @Test("every wait lies between a tenth and the whole of the longest, and never beyond the cap")
    func bounds() {
        let seed = UInt64.random(in: .min ... .max)
        print("back-off seed \(seed)")
        var random = SeededRandom(seed: seed)
        for _ in 0..<20_000 {
            let base = Duration.milliseconds(Int.random(in: 1...60_000, using: &random))
            let cap = base * Int.random(in: 1...1000, using: &random)
            let backoff = Backoff(base: base, cap: cap)
            let attempt = [
                Int.random(in: 1...40, using: &random), .random(in: -5...10_000, using: &random), .max, .min,
            ].randomElement(using: &random)!
            let longest = backoff.longestDelay(afterAttempt: attempt)
            #expect(longest >= base && longest <= cap, "seed \(seed)")
            let delay = backoff.delay(afterAttempt: attempt, using: &random)
            #expect(delay >= longest * 0.1 && delay <= longest, "seed \(seed)")
        }
    }

    @Test("the longest wait doubles from the base up to the cap")
    func doubling() {
        let backoff = Backoff(base: .seconds(30), cap: .seconds(3600))
        #expect(
            (1...9).map { backoff.longestDelay(afterAttempt: $0) }
                == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600].map { .seconds($0) })
    }

    @Test("waits after the same failure differ, so that a fleet does not come back as one")
    func jitter() {
        var random = SeededRandom(seed: 1)
        let delays = Set((0..<1000).map { _ in Backoff().delay(afterAttempt: 3, using: &random) })
        #expect(delays.count > 990)
    }
}
