/// The body of a streamed response, as chunks of bytes in order.
///
/// **Shape**: chunks are never empty and have no meaningful boundaries. While the consumer is behind by
/// `streamBufferBytes`, the transfer is paused, so at most that much and one read's worth, decompressed, waits here.
/// **Errors**: what had arrived before a failure is delivered first. Read by one task at a time, once.
package struct HTTPBody: AsyncSequence, Sendable {
    /// A chunk.
    package typealias Element = [UInt8]
    /// What ends the body early.
    package typealias Failure = HTTPError

    let channel: BodyChannel

    /// Reads chunk after chunk.
    package struct Iterator: AsyncIteratorProtocol {
        let channel: BodyChannel

        /// The next chunk, or nil at the end of a complete body.
        package mutating func next() async throws(HTTPError) -> [UInt8]? { try await channel.next() }

        /// The next chunk, or nil at the end of a complete body.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPError) -> [UInt8]? {
            try await channel.next()
        }
    }

    /// Starts, or goes on, reading.
    package func makeAsyncIterator() -> Iterator { Iterator(channel: channel) }

    /// Reads the rest of the body; throws `.responseTooLarge` once it exceeds a number of bytes.
    package func collect(upTo bytesMax: Int) async throws(HTTPError) -> [UInt8] {
        var all: [UInt8] = []
        while let chunk = try await channel.next() {
            guard all.count + chunk.count <= bytesMax else {
                throw HTTPError(code: .responseTooLarge, message: "the body exceeds \(bytesMax) bytes")
            }
            if all.isEmpty { all = chunk } else { all.append(contentsOf: chunk) }
        }
        return all
    }
}
