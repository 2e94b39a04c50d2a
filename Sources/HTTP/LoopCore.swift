internal import CLibCurl
internal import Glibc
internal import Logging

/// The loop itself: owns the multi handle, every easy handle and every transfer.
///
/// A round takes the inbox, lets libcurl work, hands on what arrived, ends what ended or ran out of time, and waits.
/// If it stops, no request of the client ends any more; so nothing here waits for anything but `MultiHandle.wait`.
///
/// *Thread-safety notes*: lives on the loop thread from `init` to the end of `run`; not `Sendable`.
final class LoopCore {
    let configuration: HTTPClientConfiguration
    private let inbox: EventLoop
    private let multi: MultiHandle
    var keptSockets: KeptSockets
    private var transfers: [UInt64: Transfer] = [:]
    private var news: [Transfer] = []
    private var idleHandles: [EasyHandle] = []
    private var endedCount = 0
    private var now = ContinuousClock.now
    /// No transfer's deadline is earlier than this; some may be later than it says.
    private var nextSweep: ContinuousClock.Instant?
    private var stopDeadline: ContinuousClock.Instant?
    private var stopWaiters: [SingleResult<Void>] = []

    /// Idle easy handles kept for reuse; each costs some kilobytes.
    private static let idleHandlesMax = 256
    /// Deadlines are looked at no more often than this, so that a thousand of them cost little.
    private static let sweepInterval = Duration.milliseconds(5)
    private static let waitMax = Duration.seconds(60)

    init(_ configuration: HTTPClientConfiguration, inbox: EventLoop) {
        self.configuration = configuration
        self.inbox = inbox
        multi = MultiHandle(configuration)
        keptSockets = KeptSockets(countMax: 2 * configuration.connectionsMax)
    }

    /// Runs until asked to stop.
    func run() {
        inbox.opened(multi.wakeup)
        configuration.logger.debug("http loop started")
        while !mayEnd {
            for command in takeCommands() { execute(command) }
            report(multi.perform(), of: "perform")
            now = .now
            handOutNews()
            endFinished()
            sweepIfDue()
            reportEnded()
            if !mayEnd { report(multi.wait(waitTime), of: "wait") }
        }
        end()
    }

    /// Notes that a transfer's callbacks left something to act on; called once a round for each.
    func hasNews(_ transfer: Transfer) { news.append(transfer) }

    // MARK: Commands

    private func takeCommands() -> [EventLoop.Command] {
        now = .now
        return inbox.take()
    }

    private func execute(_ command: EventLoop.Command) {
        switch command {
        case .start(let ticket): start(ticket)
        case .cancel(let id):
            guard let transfer = transfers[id] else { return }
            transfer.fail(.cancelled, message: HTTPError.sentence(for: .cancelled, transfer.request), at: now)
            remove(transfer)
        case .resume(let id):
            guard let transfer = transfers[id], transfer.state.resumed(at: now) else { return }
            noteDeadline(of: transfer)
            guard !transfer.easy.resume() else { return }
            fail(transfer, .other, "the transfer could not be resumed")
        case .stop(let deadline, let done):
            stopDeadline = min(stopDeadline ?? deadline, deadline)
            stopWaiters.append(done)
        }
    }

    private func start(_ ticket: Ticket) {
        // Cancelled before it began: the cancellation may have overtaken the request in the inbox.
        guard !ticket.isAbandoned else {
            endedCount += 1
            return
        }
        let transfer = Transfer(ticket, easy: idleHandles.popLast() ?? EasyHandle(), loop: self)
        transfers[ticket.id] = transfer
        launch(transfer)
    }

    private func launch(_ transfer: Transfer) {
        transfer.easy.prepare(for: transfer, configuration)
        setProtocol(of: transfer)
        multi.add(transfer.easy)
        noteDeadline(of: transfer)
    }

    private func setProtocol(of transfer: Transfer) {
        let once = transfer.request.sendsOnce || transfer.needsFresh
        switch configuration.version {
        case .automatic:
            let mayShare = transfer.origin.scheme == "https" && !once
            transfer.easy.setVersion(portolan_http_2_tls, waitsToShare: mayShare, needsFresh: once)
        case .http1:
            transfer.easy.setVersion(portolan_http_1_1, waitsToShare: false, needsFresh: once)
        case .http2PriorKnowledge:
            // libcurl 7.88.1 cannot use such a connection twice: the second request fails with code 16.
            transfer.easy.setVersion(portolan_http_2_prior_knowledge, waitsToShare: false, needsFresh: true)
        }
    }

    // MARK: A round

    private func handOutNews() {
        for transfer in news {
            if transfer.takeNews(at: now) {
                transfer.state.paused()
                transfer.easy.pause()
            }
            noteDeadline(of: transfer)
        }
        news.removeAll(keepingCapacity: true)
    }

    private func endFinished() {
        while let (transfer, result) = multi.nextEnded() {
            if result == CURLE_ABORTED_BY_CALLBACK, transfer.needsFresh {
                relaunch(transfer)
                continue
            }
            if result != CURLE_OK {
                transfer.fail(result, at: now)
                logFailure(of: transfer, result)
            } else if transfer.isRedirecting {
                if follow(transfer) { continue }
            } else {
                transfer.succeed(at: now)
            }
            remove(transfer)
        }
    }

    /// Sends a redirected request on its way again; returns false if it may not go there.
    private func follow(_ transfer: Transfer) -> Bool {
        let target = transfer.easy.redirectURL
        do throws(HTTPError) {
            try transfer.redirect(to: target)
        } catch {
            transfer.fail(error.code, message: error.message, at: now)
            return false
        }
        relaunch(transfer)
        return true
    }

    private func relaunch(_ transfer: Transfer) {
        multi.remove(transfer.easy)
        transfer.easy.reset()
        launch(transfer)
    }

    private func sweepIfDue() {
        guard let due = nextSweep, due <= now else { return }
        nextSweep = nil
        for transfer in Array(transfers.values) {
            let (deadline, code) = transfer.state.deadline
            if deadline <= now {
                if code == .timeoutFirstByte, transfer.bodyHasProgressed() {
                    transfer.state.bodyProgressed(at: now)
                } else {
                    fail(transfer, code, HTTPError.sentence(for: code, transfer.request))
                    continue
                }
            }
            noteDeadline(of: transfer)
        }
    }

    /// Makes room for as many new requests as have ended; before the wait, not after it.
    private func reportEnded() {
        guard endedCount > 0 else { return }
        inbox.ended(endedCount)
        endedCount = 0
    }

    private func noteDeadline(of transfer: Transfer) {
        let deadline = max(transfer.state.deadline.at, now + Self.sweepInterval)
        nextSweep = min(nextSweep ?? deadline, deadline)
    }

    private var waitTime: Duration {
        let until = [nextSweep, stopDeadline].compactMap { $0 }.min()
        return min(max(until.map { $0 - now } ?? Self.waitMax, .milliseconds(1)), Self.waitMax)
    }

    private func fail(_ transfer: Transfer, _ code: HTTPError.Code, _ message: String) {
        transfer.fail(code, message: message, at: now)
        remove(transfer)
    }

    private func remove(_ transfer: Transfer) {
        guard transfers.removeValue(forKey: transfer.ticket.id) != nil else { return }
        multi.remove(transfer.easy)
        transfer.easy.reset()
        if idleHandles.count < Self.idleHandlesMax { idleHandles.append(transfer.easy) }
        endedCount += 1
    }

    // MARK: The end

    private var mayEnd: Bool {
        guard let stopDeadline else { return false }
        return transfers.isEmpty || now >= stopDeadline
    }

    private func end() {
        for transfer in Array(transfers.values) {
            fail(transfer, .clientClosed, HTTPError.sentence(for: .clientClosed, transfer.request))
        }
        idleHandles = []
        for command in inbox.closed() {
            switch command {
            case .start(let ticket):
                let message = HTTPError.sentence(for: .clientClosed, ticket.request)
                ticket.fail(HTTPError(code: .clientClosed, message: message, host: ticket.origin.host))
            case .stop(_, let done): stopWaiters.append(done)
            case .cancel, .resume: break
            }
        }
        configuration.logger.debug("http loop ended")
        for waiter in stopWaiters { waiter.resolve(.success(())) }
    }

    // MARK: Reports

    private func logFailure(of transfer: Transfer, _ result: CURLcode) {
        configuration.logger.debug(
            "http request failed",
            metadata: ["host": "\(transfer.origin.host)", "curl_code": "\(result.rawValue)"])
    }

    /// libcurl fails here only for want of memory or descriptors; a pause keeps that from becoming a busy loop.
    private func report(_ failure: String?, of step: String) {
        guard let failure else { return }
        configuration.logger.error("http loop step failed", metadata: ["step": "\(step)", "reason": "\(failure)"])
        usleep(10_000)
    }
}
