/// What a request asks the loop to do; made on the caller's thread.
struct Ticket: Sendable {
    /// Who waits for what.
    enum Recipient: Sendable {
        /// The whole answer at once.
        case exchange(SingleResult<HTTPExchange>)
        /// The head, then the body through a channel.
        case stream(SingleResult<HTTPResponseHead>, BodyChannel)
    }

    let id: UInt64
    let request: HTTPRequest
    let origin: HTTPOrigin
    let recipient: Recipient
    let started: ContinuousClock.Instant

    /// Whether the caller has gone already.
    var isAbandoned: Bool {
        switch recipient {
        case .exchange(let result): result.isResolved
        case .stream(let head, _): head.isResolved
        }
    }

    /// Gives the caller an error; dropped if the caller has its answer.
    func fail(_ error: HTTPError) {
        switch recipient {
        case .exchange(let result): result.resolve(.failure(error))
        case .stream(let head, let channel):
            head.resolve(.failure(error))
            channel.fail(error)
        }
    }
}
