internal import Glibc

/// The sockets of connections that are open, found by the addresses at their ends.
///
/// libcurl takes a kept HTTP/1 connection for sound although bytes nobody asked for have arrived on it meanwhile, and
/// would give them to the next request as its answer. So whoever is about to use a kept connection looks first.
///
/// *Thread-safety notes*: belongs to the loop thread.
struct KeptSockets {
    /// Both ends of a connection, as libcurl names them.
    struct Ends: Hashable {
        let localHost: String
        let localPort: Int32
        let remoteHost: String
        let remotePort: Int32
    }

    private struct Entry {
        let descriptor: Int32
        /// Set with the first answer: over HTTP/2 bytes arrive at any time, and belong to whom they say.
        var isHTTP1 = false
    }

    private var entries: [Ends: Entry] = [:]
    /// Sockets that libcurl has closed are forgotten when there are so many entries.
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    /// A connection stands for the first time, on one of these sockets.
    mutating func opened(_ ends: Ends, on descriptors: [Int32]) {
        guard let descriptor = descriptors.first(where: { Self.localPort(of: $0) == ends.localPort }) else { return }
        if entries.count >= countMax {
            entries = entries.filter { Self.localPort(of: $0.value.descriptor) == $0.key.localPort }
        }
        entries[ends] = Entry(descriptor: descriptor)
    }

    /// An answer over HTTP/1 has come on a connection.
    mutating func answeredOverHTTP1(_ ends: Ends) { entries[ends]?.isHTTP1 = true }

    /// Whether bytes nobody asked for wait on a kept connection. A late message of the TLS layer looks the same, and
    /// costs a new connection.
    func hasUncalledBytes(_ ends: Ends) -> Bool {
        guard let entry = entries[ends], entry.isHTTP1, Self.localPort(of: entry.descriptor) == ends.localPort
        else { return false }
        var byte: UInt8 = 0
        return recv(entry.descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    /// Nil when the descriptor is closed, or something else's by now.
    private static func localPort(of descriptor: Int32) -> Int32? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { raw in
            guard let address = raw.assumingMemoryBound(to: sockaddr.self).baseAddress,
                getsockname(descriptor, address, &length) == 0
            else { return nil }
            return HTTPAddress(address, length: Int(length)).map { Int32($0.port) }
        }
    }
}
