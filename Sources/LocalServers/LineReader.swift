import Glibc

/// Turns what a child writes to a pipe into a stream of lines.
enum LineReader {
    /// Lines kept for a reader that falls behind; beyond that the oldest are dropped, so that neither this process's
    /// memory nor the child's progress depends on somebody reading.
    static let linesBufferedMax = 16_384
    /// A longer line is cut into pieces of this size.
    static let lineBytesMax = 1 << 20

    /// Reads `descriptor` on a thread of its own until its last writer has closed it, then closes it.
    static func start(_ descriptor: Int32) throws(LocalServerError) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingNewest(linesBufferedMax))
        try BlockingThread.start {
            var line: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(descriptor, &chunk, chunk.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { break }
                for byte in chunk[..<count] {
                    if byte == UInt8(ascii: "\n") || line.count == lineBytesMax {
                        continuation.yield(String(decoding: line, as: UTF8.self))
                        line.removeAll(keepingCapacity: true)
                    }
                    if byte != UInt8(ascii: "\n") { line.append(byte) }
                }
            }
            if !line.isEmpty { continuation.yield(String(decoding: line, as: UTF8.self)) }
            continuation.finish()
            close(descriptor)
        }
        return stream
    }
}
