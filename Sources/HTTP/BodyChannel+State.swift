/// Decides what happens between the loop that fills a body and the task that reads it; touches neither.
struct BodyState<Waiter> {
    /// How a body ended.
    enum End {
        case complete(HTTPTimings)
        case failed(HTTPError)
    }

    /// What the reader gets.
    enum Delivery {
        case chunk([UInt8])
        case end
        case failure(HTTPError)
    }

    /// What to do after bytes or the end arrived.
    struct Arrival {
        /// The reader to wake, and what it gets.
        var wake: (waiter: Waiter, delivery: Delivery)?
        /// Whether the transfer must stop reading from its socket.
        var pause = false
    }

    /// What to do after the reader asked.
    struct Demand {
        /// What the reader gets now; nil makes it wait.
        var delivery: Delivery?
        /// Whether the transfer may go on reading from its socket.
        var resume = false
    }

    private let bufferBytesMax: Int
    private var buffer: [UInt8] = []
    private var waiter: Waiter?
    private var isPaused = false
    private var end: End?

    init(bufferBytesMax: Int) {
        self.bufferBytesMax = bufferBytesMax
    }

    /// Whether the body has ended, well or badly.
    var hasEnded: Bool { end != nil }

    /// Where the time went, once the body has ended.
    var timings: HTTPTimings? {
        switch end {
        case .complete(let timings): timings
        case .failed(let error): error.timings
        case nil: nil
        }
    }

    /// Bytes came from the network.
    mutating func bytesArrived(_ bytes: [UInt8]) -> Arrival {
        // Bytes that were on their way when the reader cancelled.
        guard end == nil else { return Arrival() }
        if let waiter {
            self.waiter = nil
            return Arrival(wake: (waiter, .chunk(bytes)))
        }
        if buffer.isEmpty { buffer = bytes } else { buffer.append(contentsOf: bytes) }
        isPaused = buffer.count >= bufferBytesMax
        return Arrival(pause: isPaused)
    }

    /// The transfer ended, or the reader was cancelled; the first of the two counts.
    mutating func ended(_ how: End) -> Arrival {
        guard end == nil else { return Arrival() }
        end = how
        guard let waiter else { return Arrival() }
        self.waiter = nil
        return Arrival(wake: (waiter, endDelivery(how)))
    }

    /// The reader was cancelled: what is buffered is of no use any more. A body that had come whole is not a whole one
    /// without it.
    mutating func cancelled(_ error: HTTPError) -> Arrival {
        if !buffer.isEmpty, end != nil { end = .failed(error) }
        buffer = []
        return ended(.failed(error))
    }

    /// The reader wants bytes.
    mutating func demanded(_ waiter: Waiter) -> Demand {
        if !buffer.isEmpty {
            let chunk = buffer
            buffer = []
            defer { isPaused = false }
            return Demand(delivery: .chunk(chunk), resume: isPaused && end == nil)
        }
        if let end { return Demand(delivery: endDelivery(end)) }
        precondition(self.waiter == nil, "a response body is read by two tasks at once")
        self.waiter = waiter
        return Demand()
    }

    private func endDelivery(_ end: End) -> Delivery {
        switch end {
        case .complete: .end
        case .failed(let error): .failure(error)
        }
    }
}
