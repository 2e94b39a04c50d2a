import Platforms

/// What a limiter does around its decisions: draws quotas from the ledger, and tells it what platforms count.
struct QuotaFlow: Sendable {
    let ledger: any LimitLedger
    let platform: String
    /// The part of a quota that is drawn at a time.
    let chunkShare: Double

    /// Decides, with as many draws as it takes.
    ///
    /// - Parameter decide: one call; what the first of them is given to learn is not given to the next.
    func run<Failure: Error>(
        _ turns: [BucketTurn], _ decide: ([BucketTurn]) async throws(Failure) -> TurnAnswer
    ) async throws(Failure) -> (TurnAnswer, LedgerError?) {
        var turns = turns
        var drawsLeft = 2 * turns.count + 2
        while true {
            let answer = try await decide(turns)
            var failure: LedgerError?
            turns = turns.map(\.repeated)
            if let index = answer.reports, turns.indices.contains(index) {
                failure = await report(answer, turns[index], decide)
            }
            guard let index = answer.draws, turns.indices.contains(index) else { return (answer, failure) }
            drawsLeft -= 1
            do throws(LedgerError) {
                guard drawsLeft > 0 else { throw LedgerError("the quota \(turns[index].name) is being used up") }
                try await draw(&turns[index])
            } catch {
                var refused = TurnAnswer()
                (refused.wait, refused.slowest) = (Self.patience, index)
                (refused.now, refused.born) = (answer.now, answer.born)
                return (refused, error)
            }
        }
    }

    /// Microseconds to wait for the ledger: nothing is granted from a quota without it.
    private static let patience: Int64 = 5_000_000

    private func draw(_ turn: inout BucketTurn) async throws(LedgerError) {
        guard case .quota(let declared, let resets) = turn.declared.kind else { return }
        let limit = Int64((declared * turn.declared.share).rounded(.down))
        let chunk = max(1, Int64(turn.take.rounded(.up)), Int64((declared * chunkShare).rounded(.down)))
        let draw = try await ledger.draw(turn.ledgerKey(platform), resets: resets, limit: limit, chunk: chunk)
        turn.deposit = draw
        turn.lesson.blockMicroseconds = draw.blockedFor.limiterMicroseconds
    }

    private func report<Failure: Error>(
        _ answer: TurnAnswer, _ turn: BucketTurn, _ decide: ([BucketTurn]) async throws(Failure) -> TurnAnswer
    ) async -> LedgerError? {
        guard case .quota(let declared, let resets) = turn.declared.kind else { return nil }
        let limit = Int64((declared * turn.declared.share).rounded(.down))
        do throws(LedgerError) {
            var told = turn.idle
            told.deposit = try await ledger.lower(
                turn.ledgerKey(platform), resets: resets, limit: limit, rest: max(0, answer.rest),
                endsIn: turn.toldResetsIn)
            _ = try? await decide([told])
            return nil
        } catch {
            return error
        }
    }
}

extension BucketTurn {
    func ledgerKey(_ platform: String) -> LedgerKey { LedgerKey(platform: platform, owner: owner, bucket: name) }

    /// For another try: what was learned is not learned twice.
    fileprivate var repeated: BucketTurn {
        var turn = idle
        turn.take = take
        turn.takerID = takerID
        turn.toldResetsIn = lesson.resetsInMicroseconds.map { .microseconds(Int64($0)) }
        return turn
    }
}
