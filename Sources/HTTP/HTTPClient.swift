/// Sends HTTP requests over one event loop, with connections kept and shared.
///
/// Make one and keep it: each client has a thread, a connection pool and a name cache of its own. Thousands of
/// requests may run at once; each costs no thread.
///
/// *Thread-safety notes*: any task may call; libcurl is touched by the loop thread alone. A cancelled caller resumes
/// at once, and the loop ends its transfer in the next round.
package final class HTTPClient: Sendable {
    private let loop: EventLoop
    private let streamBufferBytes: Int

    /// Makes a client and starts its thread; throws `.invalidConfiguration`.
    package init(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) throws(HTTPError) {
        try configuration.validate()
        loop = EventLoop(configuration)
        streamBufferBytes = configuration.streamBufferBytes
    }

    deinit {
        loop.stop(by: .now, done: SingleResult())
    }

    /// Sends a request and collects the whole response.
    ///
    /// The body is gathered on the loop thread into one buffer: the fast way for pages of an API.
    /// **Errors**: every code of `HTTPError.Code`; a status of 400 or more is a response, not an error.
    /// **Thread**: suspends, never blocks.
    package func execute(_ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange {
        let result = SingleResult<HTTPExchange>()
        return try await perform(request, .exchange(result), awaiting: result)
    }

    /// Sends a request and hands over the response as soon as its head is there, the body still arriving.
    ///
    /// The transfer ends with the closure: what has not been read by then is not fetched. While the closure does not
    /// read, the server is made to wait.
    /// **Errors**: those of `execute` until the head is there; later ones are thrown by the body's iterator.
    package func stream<Value>(
        _ request: HTTPRequest, _ read: (HTTPResponse) async throws -> Value
    ) async throws -> Value {
        let head = SingleResult<HTTPResponseHead>()
        let id = loop.makeID()
        let channel = BodyChannel(transfer: id, loop: loop, bufferBytesMax: streamBufferBytes)
        let received = try await perform(request, .stream(head, channel), id: id, awaiting: head)
        defer { channel.abandon() }
        return try await read(HTTPResponse(head: received, body: HTTPBody(channel: channel)))
    }

    /// Takes no more requests, lets those in flight end until a time has passed, and ends the rest with
    /// `.clientClosed`; returns when the thread has let go of every connection.
    ///
    /// May be called more than once; the earliest deadline counts. A cancelled caller ends the wait for requests.
    package func shutdown(within time: Duration = .zero) async {
        let done = SingleResult<Void>()
        loop.stop(by: .now + time, done: done)
        await withTaskCancellationHandler {
            // Never fails: the loop only ever resolves it with success.
            try? await done.value()
        } onCancel: {
            loop.stop(by: .now, done: SingleResult())
        }
    }

    private func perform<Success>(
        _ request: HTTPRequest, _ recipient: Ticket.Recipient, id: UInt64? = nil, awaiting result: SingleResult<Success>
    ) async throws(HTTPError) -> Success {
        let started = ContinuousClock.now
        let origin = try request.validated()
        let ticket = Ticket(
            id: id ?? loop.makeID(), request: request, origin: origin, recipient: recipient, started: started)
        let outcome = await withTaskCancellationHandler {
            if !Task.isCancelled { loop.submit(ticket) }
            do throws(HTTPError) {
                return Result<Success, HTTPError>.success(try await result.value())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            let message = HTTPError.sentence(for: .cancelled, request)
            result.resolve(.failure(HTTPError(code: .cancelled, message: message, host: origin.host)))
            loop.post(.cancel(ticket.id))
        }
        return try outcome.get()
    }
}

extension HTTPClientConfiguration {
    /// Throws `.invalidConfiguration` for what cannot work.
    fileprivate func validate() throws(HTTPError) {
        let sizes = [
            connectionsMax, connectionsPerHostMax, connectionsIdleMax, connectionIdleSeconds, streamsPerConnectionMax,
            requestsMax, receiveBufferBytes, streamBufferBytes, responseHeaderCountMax, responseHeaderBytesMax,
        ]
        guard sizes.allSatisfy({ $0 > 0 && $0 <= Int(Int32.max) }) else {
            throw HTTPError(code: .invalidConfiguration, message: "a size of the HTTP client is not positive")
        }
        guard proxy == nil || addressPolicy == nil else {
            throw HTTPError(
                code: .invalidConfiguration, message: "an address policy cannot be enforced through a proxy")
        }
    }
}
