import Logging
import Platforms
import Redis
import TestKit
import Testing

@testable import Limits

/// The script and its twin are given the same calls and must come to the same answers and states, to the last digit.
@Suite("The script and its twin")
struct LockstepTests {
    private static let kinds: [Bucket] = [
        Bucket("tokens", scope: .app, capacity: 50, refillPerSecond: 10, share: 0.7),
        Bucket("slow", scope: .app, capacity: 10, refillPerSecond: 0.3),
        Bucket("every", scope: .app, .quota(limit: 200, resets: .every(.seconds(20))), share: 0.9),
        Bucket("window", scope: .app, .window(limit: 60, length: .seconds(10)), share: 0.8),
        Bucket("slots", scope: .app, .slots(limit: 12, holdMax: .seconds(5))),
        Bucket("own window", scope: .connection, .window(limit: 50, length: .seconds(12))),
        Bucket("own slots", scope: .connection, .slots(limit: 10, holdMax: .seconds(7))),
        Bucket(
            "adaptive", scope: .app, .adaptive(startPerSecond: 5, min: 0.5, max: 30, increasePerSecond: 0.7),
            share: 0.9),
    ]

    /// What the server keeps about epochs, as the script's head has it.
    private struct EpochModel {
        var epoch: LimitArithmetic.Epoch?
        var known: Set<String> = []

        mutating func enter(_ header: TurnHeader, _ identity: String, _ before: String, now: Double)
            -> LimitArithmetic.Epoch
        {
            if var epoch, known.contains(identity), known.contains(before) {
                if header.awayMicroseconds > 0, epoch.calm - header.graceMicroseconds < now - header.awayMicroseconds {
                    epoch.away =
                        now < epoch.calm + epoch.away
                        ? max(epoch.away, header.awayMicroseconds) : header.awayMicroseconds
                    epoch.calm = now + header.graceMicroseconds
                    self.epoch = epoch
                }
                return epoch
            }
            var born = now + header.graceMicroseconds
            if born == epoch?.born { born += 1 }
            known.formUnion([identity, before])
            epoch = LimitArithmetic.Epoch(born: born, calm: born)
            return LimitArithmetic.Epoch(born: born, calm: born)
        }
    }

    @Test("alike over all kinds, bands, lessons and epochs", .timeLimit(.minutes(1)))
    func alike() async throws {
        var random = SplitMix.seeded("lockstep")
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let maker = TurnMaker(platform: "shop", connectionID: 1, buckets: Self.kinds)
        var model = EpochModel()
        var states: [String: BucketState] = [:]
        var now = 1_700_000_000_000_000.0
        var identity = "a"
        var (grants, draws, waits) = (0, 0, 0)
        for step in 0..<6_000 {
            now += Double(
                Int.random(in: 0...(Int.random(in: 0..<40, using: &random) == 0 ? 30_000_000 : 300_000), using: &random)
            )
            if Int.random(in: 0..<500, using: &random) == 0 { now -= 2_000_000 }
            let before = identity
            if Int.random(in: 0..<400, using: &random) == 0 {
                identity = ["a", "b", "c", "d"].randomElement(using: &random) ?? "a"
            }
            var header = TurnHeader(now: now, band: LimitBand.allCases.randomElement(using: &random) ?? .urgent)
            header.graceMicroseconds = 500_000
            if Int.random(in: 0..<150, using: &random) == 0 {
                header.awayMicroseconds = Double(Int.random(in: 1...20_000_000, using: &random))
            }
            header.isDry = Int.random(in: 0..<20, using: &random) == 0
            let turns = Self.turns(maker, states, step, model.epoch, using: &random)
            let epoch = model.enter(header, identity, before, now: now)
            let arithmetic = LimitArithmetic(now: now, epoch: epoch, header: header)
            let (expected, after) = arithmetic.run(turns.map { ($0, states[$0.key]) })
            for (turn, state) in zip(turns, after) { states[turn.key] = state }

            let keys = [BucketTurn.epochKey(platform: "shop")] + turns.map(\.key)
            let reply = try await redis.script(
                LimitScript.script, keys: keys.map { RedisArgument($0) },
                arguments: [
                    RedisArgument(PackedNumbers.pack(header.numbers)), RedisArgument(identity), RedisArgument(before),
                ]
                    + turns.map { RedisArgument(PackedNumbers.pack($0.numbers)) })
            let answer = try #require(TurnAnswer(try reply.array.map { reply in try reply.integer }))
            try #require(answer == expected, "step \(step), \(turns), \(header)")
            for turn in turns {
                let raw = try await redis.command(["GET", RedisArgument(turn.key)]).optional?.bytes
                try #require(raw.flatMap(BucketState.init(bytes:)) == states[turn.key], "step \(step), \(turn)")
            }
            if answer.isGranted { grants += 1 }
            if answer.draws != nil { draws += 1 }
            if answer.wait > 0 { waits += 1 }
        }
        print("lockstep: \(grants) grants, \(waits) waits, \(draws) draws")
        #expect(grants > 300 && waits > 300 && draws > 30)
        await redis.shutdown()
    }

    private static func turns(
        _ maker: TurnMaker, _ states: [String: BucketState], _ step: Int, _ epoch: LimitArithmetic.Epoch?,
        using random: inout SplitMix
    ) -> [BucketTurn] {
        if Int.random(in: 0..<4, using: &random) == 0 {
            // The usual call, which the script has a short way for.
            return maker.turns(naming: ["tokens", "slow"].shuffled(using: &random)).map { turn in
                var turn = turn
                turn.take = .random(in: 0.1...1, using: &random)
                return turn
            }
        }
        let names = kinds.map(\.name).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        return maker.turns(naming: names.isEmpty ? ["tokens"] : names).map { turn in
            var turn = turn
            if Int.random(in: 0..<4, using: &random) > 0 {
                turn.take =
                    turn.kind == .slots
                    ? Double(Int.random(in: 1...3, using: &random)) : .random(in: 0.1...12, using: &random)
                turn.takerID = Double(step + 1)
            }
            let born = FirstUse.epoch(Int64(epoch?.born ?? 1))
            turn.firstUse = [.unknown, .never, born, .epoch(1)].randomElement(using: &random) ?? .unknown
            func rarely() -> Bool { Int.random(in: 0..<12, using: &random) == 0 }
            if rarely() { turn.charge = .random(in: 0...20, using: &random) }
            if rarely(), turn.kind != .slots { turn.lesson.refund = .random(in: 0...9, using: &random) }
            if rarely() { turn.lesson.available = .random(in: 0...80, using: &random) }
            if rarely(), turn.kind == .tokens { turn.lesson.capacity = .random(in: 5...90, using: &random) }
            if rarely(), turn.kind == .tokens { turn.lesson.refillPerSecond = .random(in: 0.2...20, using: &random) }
            if rarely() { turn.lesson.blockMicroseconds = Int64.random(in: 1...4_000_000, using: &random) }
            if rarely(), turn.kind == .adaptive { turn.lesson.isThrottled = true }
            if rarely(), turn.kind == .quota { turn.lesson.resetsInMicroseconds = .random(in: 0...3e7, using: &random) }
            if turn.kind == .slots, Bool.random(using: &random),
                let held = states[turn.key]?.tail.randomElement(using: &random)
            {
                turn.releaseID = held.key
            }
            if turn.kind == .quota, Int.random(in: 0..<4, using: &random) == 0 {
                turn.deposit = QuotaDraw(
                    drawn: .random(in: 0...20, using: &random), period: Double(step / 300),
                    closesIn: .random(in: -1e6...2e7, using: &random),
                    opensIn: .random(in: 2e7...2.1e7, using: &random),
                    rest: .random(in: 0...100, using: &random))
            }
            return turn
        }
    }
}
