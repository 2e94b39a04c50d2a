internal import Glibc
internal import Synchronization

/// A server on a loopback port whose connections are played by a closure, byte by byte, each on its own thread.
///
/// *Thread-safety notes*: the closure runs on many threads at once; a `Peer` belongs to its thread.
final class ScriptedServer: Sendable {
    /// One accepted connection, with blocking calls.
    final class Peer {
        let descriptor: Int32
        let number: Int
        /// The server's own port.
        let port: UInt16
        private var buffer: [UInt8] = []

        init(descriptor: Int32, number: Int, port: UInt16) {
            self.descriptor = descriptor
            self.number = number
            self.port = port
        }

        /// Reads one request with its body; nil when the client has closed.
        func readRequest() -> Request? {
            while true {
                if let request = Request(parsing: &buffer) { return request }
                guard let bytes = receive() else { return nil }
                buffer += bytes
            }
        }

        /// Reads what has come; nil when the client has closed.
        func receive() -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: 65536)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            return count > 0 ? Array(bytes[..<count]) : nil
        }

        /// Sends everything; false when the client has gone.
        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        @discardableResult
        func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        /// Sends a complete response.
        @discardableResult
        func respond(_ status: String = "200 OK", headers: [String] = [], body: [UInt8] = []) -> Bool {
            let lines = ["HTTP/1.1 \(status)"] + headers + ["Content-Length: \(body.count)", "", ""]
            return send(Array(lines.joined(separator: "\r\n").utf8) + body)
        }

        /// Ends the connection with a reset instead of an orderly close.
        func reset() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        }

        /// Ends the sending side in order, and waits until the client closes: closing with bytes unread would be a reset.
        func finish() {
            shutdown(descriptor, Int32(SHUT_WR))
            waitForClose()
        }

        /// Sends what can be sent until the client has taken nothing for a while; returns how many bytes left.
        func sendUntilBlocked(_ bytes: [UInt8]) -> Int {
            var sent = 0
            while sent < bytes.count {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard Glibc.poll(&poll, 1, 500) == 1 else { break }
                let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
                guard count > 0 else { break }
                sent += count
            }
            return sent
        }

        /// Blocks until the client closes; what it still sends is dropped.
        func waitForClose() {
            while receive() != nil {}
        }
    }

    /// A request as it was received.
    struct Request: Sendable {
        var method = ""
        var path = ""
        var headers: [String] = []
        var body: [UInt8] = []

        /// Takes one complete request off the front of a buffer; nil if it is not complete yet.
        init?(parsing buffer: inout [UInt8]) {
            guard let end = buffer.indices.first(where: { buffer[$0...].starts(with: Array("\r\n\r\n".utf8)) })
            else { return nil }
            var lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
            let words = lines.removeFirst().split(separator: " ")
            (method, path, headers) = (String(words[0]), String(words[1]), lines)
            let length = value("content-length").flatMap { Int($0) } ?? 0
            guard buffer.count >= end + 4 + length else { return nil }
            body = Array(buffer[(end + 4)..<(end + 4 + length)])
            buffer.removeFirst(end + 4 + length)
        }

        func value(_ name: String) -> String? {
            for line in headers {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts[0].lowercased() == name else { continue }
                return String(parts[1].drop { $0 == " " })
            }
            return nil
        }
    }

    let port: UInt16
    private let listener: Int32
    private let accepted = Mutex(Accepted())

    private struct Accepted {
        var count = 0
        var descriptors: Set<Int32> = []
        var isClosed = false
    }

    /// Starts listening and accepting.
    init(_ script: @escaping @Sendable (Peer) -> Void) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        withUnsafeMutableBytes(of: &address) { raw in
            let pointer = raw.assumingMemoryBound(to: sockaddr.self).baseAddress
            let code =
                bind(listener, pointer, length) | listen(listener, 4096) | getsockname(listener, pointer, &length)
            precondition(code == 0, "the test server cannot listen")
        }
        port = UInt16(bigEndian: address.sin_port)
        startThread { self.accept(script) }
    }

    /// The server's address with a path.
    func url(_ path: String = "/", host: String = "127.0.0.1") -> String { "http://\(host):\(port)\(path)" }

    /// How many connections have been accepted.
    var connectionCount: Int { accepted.withLock { $0.count } }

    /// Stops listening and breaks every connection.
    func close() {
        accepted.withLock { state in
            state.isClosed = true
            for descriptor in state.descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept(_ script: @escaping @Sendable (Peer) -> Void) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let number: Int? = accepted.withLock { state in
                guard !state.isClosed else { return nil }
                state.count += 1
                state.descriptors.insert(descriptor)
                return state.count
            }
            guard let number else {
                Glibc.close(descriptor)
                continue
            }
            startThread {
                script(Peer(descriptor: descriptor, number: number, port: self.port))
                self.accepted.withLock { _ = $0.descriptors.remove(descriptor) }
                Glibc.close(descriptor)
            }
        }
        Glibc.close(listener)
    }
}
