internal import Testing

@testable import HTTP

@Suite("state machines, as transcripts")
struct StateTests {
    @Test("a result reaches its waiter once, whichever comes first")
    func singleResult() {
        var valueFirst = SingleResultState<Int, String>()
        #expect(!valueFirst.isResolved)
        let step1 = valueFirst.valueArrived(1)
        #expect(step1 == nil)
        #expect(valueFirst.isResolved)
        let step2 = valueFirst.valueArrived(2)
        #expect(step2 == nil)
        let step3 = valueFirst.waiterArrived("waiter")
        #expect(step3 == 1)
        let step4 = valueFirst.valueArrived(3)
        #expect(step4 == nil)

        var waiterFirst = SingleResultState<Int, String>()
        let step5 = waiterFirst.waiterArrived("waiter")
        #expect(step5 == nil)
        #expect(!waiterFirst.isResolved)
        let step6 = waiterFirst.valueArrived(1)
        #expect(step6 == "waiter")
        let step7 = waiterFirst.valueArrived(2)
        #expect(step7 == nil)
        #expect(waiterFirst.isResolved)
    }

    @Test("a body pauses when its buffer is full and resumes when it is read")
    func bodyPauses() {
        var body = BodyState<String>(bufferBytesMax: 4)
        let step8 = body.bytesArrived([1, 2, 3])
        #expect(!step8.pause)
        let step9 = body.bytesArrived([4])
        #expect(step9.pause)
        let demand = body.demanded("reader")
        #expect(demand.resume)
        #expect(chunk(demand.delivery) == [1, 2, 3, 4])
        let step10 = body.demanded("reader")
        #expect(step10.delivery == nil)
        let arrival = body.bytesArrived([5, 6, 7, 8, 9])
        #expect(arrival.wake?.waiter == "reader")
        #expect(!arrival.pause)
        #expect(body.ended(.complete(HTTPTimings())).wake == nil)
        let step11 = body.demanded("reader")
        #expect(isEnd(step11.delivery))
        let step12 = body.demanded("reader")
        #expect(isEnd(step12.delivery))
    }

    @Test("a body delivers what it has before its error, and nothing after a cancellation")
    func bodyEnds() {
        let error = HTTPError(code: .reset, message: "")
        var failed = BodyState<String>(bufferBytesMax: 4)
        _ = failed.bytesArrived([1])
        _ = failed.ended(.failed(error))
        let step13 = failed.demanded("reader")
        #expect(chunk(step13.delivery) == [1])
        let step14 = failed.demanded("reader")
        #expect(code(step14.delivery) == .reset)

        var cancelled = BodyState<String>(bufferBytesMax: 4)
        _ = cancelled.bytesArrived([1, 2, 3, 4])
        _ = cancelled.cancelled(HTTPError(code: .cancelled, message: ""))
        let step15 = cancelled.bytesArrived([5])
        #expect(step15.wake == nil)
        let step16 = cancelled.ended(.failed(error))
        #expect(step16.wake == nil)
        let step17 = cancelled.demanded("reader")
        #expect(code(step17.delivery) == .cancelled)

        // Its end had come, but not to the reader: what is left must not look like a whole body.
        var complete = BodyState<String>(bufferBytesMax: 4)
        _ = complete.bytesArrived([1])
        _ = complete.ended(.complete(HTTPTimings()))
        _ = complete.cancelled(HTTPError(code: .cancelled, message: ""))
        let step18 = complete.demanded("reader")
        #expect(code(step18.delivery) == .cancelled)
    }

    @Test("each phase of a transfer has its own limit, and pausing has none but the total")
    func transferDeadlines() {
        let start = ContinuousClock.now
        let limits = HTTPTimeLimits(firstByte: .seconds(10), stall: .seconds(5), total: .seconds(60))
        var state = TransferState(limits: limits, started: start)
        #expect(state.deadline == (start + .seconds(60), .timeoutTotal))
        state.connectionReady(at: start + .seconds(1))
        #expect(state.isAwaitingAnswer)
        #expect(state.deadline == (start + .seconds(11), .timeoutFirstByte))
        state.bodyProgressed(at: start + .seconds(3))
        #expect(state.deadline == (start + .seconds(13), .timeoutFirstByte))
        state.bytesArrived(at: start + .seconds(4))
        #expect(state.deadline == (start + .seconds(9), .timeoutStall))
        state.paused()
        state.bytesArrived(at: start + .seconds(5))
        #expect(state.deadline == (start + .seconds(60), .timeoutTotal))
        let step18 = state.resumed(at: start + .seconds(20))
        #expect(step18)
        let step19 = state.resumed(at: start + .seconds(21))
        #expect(!step19)
        #expect(state.deadline == (start + .seconds(25), .timeoutStall))
        state.bytesArrived(at: start + .seconds(58))
        #expect(state.deadline == (start + .seconds(60), .timeoutTotal))
        state.redirected()
        state.connectionReady(at: start + .seconds(30))
        #expect(state.deadline == (start + .seconds(40), .timeoutFirstByte))
        let step20 = state.ended()
        #expect(step20)
        let step21 = state.ended()
        #expect(!step21)
        let step22 = state.resumed(at: start)
        #expect(!step22)
    }

    private func chunk(_ delivery: BodyState<String>.Delivery?) -> [UInt8]? {
        if case .chunk(let bytes) = delivery { bytes } else { nil }
    }

    private func code(_ delivery: BodyState<String>.Delivery?) -> HTTPError.Code? {
        if case .failure(let error) = delivery { error.code } else { nil }
    }

    private func isEnd(_ delivery: BodyState<String>.Delivery?) -> Bool {
        if case .end = delivery { true } else { false }
    }
}
