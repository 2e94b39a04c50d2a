import Dispatch
import Glibc

/// What came over one connection, to the last byte.
struct RawReply: Sendable {
    var status = 0
    var headers: [String: String] = [:]
    /// What followed the head, chunks put together.
    var body: [UInt8] = []
    /// All bytes, as they came.
    var bytes: [UInt8] = []
    /// The connection was reset and not closed in good order.
    var wasReset = false

    var text: String { String(decoding: body, as: UTF8.self) }
    var promisedBytes: Int? { headers["content-length"].flatMap { Int($0) } }
}

/// A client that speaks just enough HTTP to see what a real one would be confused by.
///
/// Sockets block, so each exchange has a thread of its own.
enum RawClient {
    /// A serial queue has a thread for itself while it works; a concurrent one would run out of them.
    private static var queue: DispatchQueue { DispatchQueue(label: "raw-client") }
    private static let patienceSeconds = 20

    /// One request on a connection of its own.
    static func get(_ path: String, port: Int, token: String = "t") async -> RawReply {
        await send("GET \(path) HTTP/1.1\r\nHost: h:1\r\nX-Token: \(token)\r\nConnection: close\r\n\r\n", port)
    }

    static func send(_ method: String, _ path: String, port: Int, body: String) async -> RawReply {
        await send(
            "\(method) \(path) HTTP/1.1\r\nHost: h:1\r\nX-Token: t\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Connection: close\r\n\r\n\(body)", port)
    }

    /// Sends the text and reads until the other side ends the connection.
    static func send(_ text: String, _ port: Int) async -> RawReply {
        await withCheckedContinuation { continuation in
            queue.async {
                let connection = Connection(port: port)
                connection.write(text)
                continuation.resume(returning: connection.readToEnd())
            }
        }
    }

    /// An open connection for tests that end it themselves.
    static func open(_ text: String, _ port: Int) async -> Connection {
        await withCheckedContinuation { continuation in
            queue.async {
                let connection = Connection(port: port)
                connection.write(text)
                continuation.resume(returning: connection)
            }
        }
    }

    static func readToEnd(_ connection: Connection) async -> RawReply {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: connection.readToEnd()) }
        }
    }

    final class Connection: Sendable {
        private let descriptor: Int32

        init(port: Int) {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            precondition(connected == 0, "the sandbox listens")
            var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
            }
        }

        deinit { close(descriptor) }

        func write(_ text: String) {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let sent = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return }
                bytes = bytes.dropFirst(sent)
            }
        }

        /// Says that nothing more will be sent; the other side's end can still be read.
        func hangUp() { shutdown(descriptor, Int32(SHUT_WR)) }

        func readToEnd() -> RawReply {
            var reply = RawReply()
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0 {
                    precondition(errno != EAGAIN, "the answer came in time")
                    reply.wasReset = errno == ECONNRESET
                }
                guard count > 0 else { break }
                reply.bytes += buffer[..<count]
            }
            reply.parse()
            return reply
        }
    }
}

extension RawReply {
    mutating func parse() {
        let end = Array("\r\n\r\n".utf8)
        let headEnd = (0..<max(0, bytes.count - 3)).first { bytes[$0..<($0 + 4)].elementsEqual(end) }
        guard let headEnd else { return }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        body = Array(bytes[(headEnd + 4)...])
        if headers["transfer-encoding"] == "chunked" { body = Self.unchunked(body) }
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var whole: [UInt8] = []
        var rest = bytes[...]
        while let lineEnd = rest.firstIndex(of: UInt8(ascii: "\r")),
            let size = Int(String(decoding: rest[..<lineEnd], as: UTF8.self), radix: 16), size > 0
        {
            whole += rest[(lineEnd + 2)..<(lineEnd + 2 + size)]
            rest = rest[(lineEnd + 4 + size)...]
        }
        return whole
    }
}
