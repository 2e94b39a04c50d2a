internal import Glibc
internal import Synchronization

/// The half of the loop that other threads see: an inbox, and a way to wake its reader.
///
/// *Thread-safety notes*: everything is in one mutex, held for a few instructions. `curl_multi_wakeup` is called
/// inside it, so that the multi handle cannot be freed in between; it writes one byte to a non-blocking pipe.
final class EventLoop: Sendable {
    /// What the loop thread is asked to do.
    enum Command: Sendable {
        case start(Ticket)
        /// Ends a transfer whose caller has gone.
        case cancel(UInt64)
        /// Goes on reading a paused body.
        case resume(UInt64)
        /// Ends the loop: when nothing is in flight, at the deadline at the latest.
        case stop(by: ContinuousClock.Instant, done: SingleResult<Void>)
    }

    private struct Inbox {
        var commands: [Command] = []
        var wakeup: MultiHandle.Wakeup?
        var requests = 0
        var nextID: UInt64 = 0
        var isOpen = true
        var hasEnded = false

        /// Wakes the loop only for the first command of a batch: it takes all of them.
        mutating func add(_ command: Command) {
            guard !hasEnded else { return }
            commands.append(command)
            if commands.count == 1 { wakeup?() }
        }
    }

    private let inbox = Mutex(Inbox())
    private let requestsMax: Int

    /// Starts the loop thread.
    init(_ configuration: HTTPClientConfiguration) {
        requestsMax = configuration.requestsMax
        Self.startThread { LoopCore(configuration, inbox: self).run() }
    }

    // MARK: Any thread

    /// A number no other transfer of this loop has.
    func makeID() -> UInt64 {
        inbox.withLock { inbox in
            inbox.nextID += 1
            return inbox.nextID
        }
    }

    /// Hands a request to the loop, or fails it at once where no more are taken.
    func submit(_ ticket: Ticket) {
        let refusal: HTTPError.Code? = inbox.withLock { inbox in
            guard inbox.isOpen else { return .clientClosed }
            guard inbox.requests < requestsMax else { return .clientBusy }
            inbox.requests += 1
            inbox.add(.start(ticket))
            return nil
        }
        guard let refusal else { return }
        let message = HTTPError.sentence(for: refusal, ticket.request)
        ticket.fail(HTTPError(code: refusal, message: message, host: ticket.origin.host))
    }

    /// Hands a command to the loop; dropped once the loop has ended.
    func post(_ command: Command) {
        inbox.withLock { $0.add(command) }
    }

    /// Takes no more requests and asks the loop to end.
    func stop(by deadline: ContinuousClock.Instant, done: SingleResult<Void>) {
        let hasEnded = inbox.withLock { inbox in
            inbox.isOpen = false
            inbox.add(.stop(by: deadline, done: done))
            return inbox.hasEnded
        }
        if hasEnded { done.resolve(.success(())) }
    }

    // MARK: Loop thread

    /// Lets other threads wake the loop from now on.
    func opened(_ wakeup: MultiHandle.Wakeup) {
        inbox.withLock { $0.wakeup = wakeup }
    }

    /// Takes what has been asked since the last time.
    func take() -> [Command] {
        inbox.withLock { inbox in
            let commands = inbox.commands
            inbox.commands = []
            return commands
        }
    }

    /// So many requests have ended.
    func ended(_ count: Int) {
        inbox.withLock { $0.requests -= count }
    }

    /// Nothing will be read any more; returns what had not been.
    func closed() -> [Command] {
        inbox.withLock { inbox in
            inbox.wakeup = nil
            inbox.isOpen = false
            inbox.hasEnded = true
            let commands = inbox.commands
            inbox.commands = []
            return commands
        }
    }

    /// Starts a thread on which no signal is ever delivered: a broken pipe is an error code here, and the process's
    /// signals belong to its main thread. Threads that libcurl starts for names inherit this.
    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        precondition(code == 0, "no thread for the HTTP loop: \(String(cString: strerror(code)))")
        pthread_detach(thread)
    }
}
