internal import CLibCurl
internal import Glibc

/// The network address a socket is about to connect to.
package struct HTTPAddress: Sendable, Hashable {
    /// The address in network order: 4 bytes for IPv4, 16 for IPv6.
    package let bytes: [UInt8]
    /// The port.
    package let port: UInt16

    /// Makes an address; traps unless there are 4 or 16 bytes.
    package init(bytes: [UInt8], port: UInt16) {
        precondition(bytes.count == 4 || bytes.count == 16, "an IP address has 4 or 16 bytes")
        self.bytes = bytes
        self.port = port
    }

    /// Reads an address in its usual text form, IPv4 or IPv6 without brackets; nil if it is neither.
    package init?(_ text: String, port: UInt16 = 0) {
        guard let bytes = parseIPAddress(text) else { return nil }
        self.init(bytes: bytes, port: port)
    }

    /// Copies a socket address; nil for families other than IPv4 and IPv6.
    init?(_ address: UnsafePointer<sockaddr>, length: Int) {
        let raw = UnsafeRawPointer(address)
        switch (Int32(address.pointee.sa_family), length) {
        case (AF_INET, MemoryLayout<sockaddr_in>.size...):
            let v4 = raw.loadUnaligned(as: sockaddr_in.self)
            self.init(bytes: withUnsafeBytes(of: v4.sin_addr) { Array($0) }, port: UInt16(bigEndian: v4.sin_port))
        case (AF_INET6, MemoryLayout<sockaddr_in6>.size...):
            let v6 = raw.loadUnaligned(as: sockaddr_in6.self)
            self.init(bytes: withUnsafeBytes(of: v6.sin6_addr) { Array($0) }, port: UInt16(bigEndian: v6.sin6_port))
        default: return nil
        }
    }

    /// The IPv4 address inside an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`); nil for any other.
    var mappedIPv4: HTTPAddress? {
        guard bytes.count == 16, bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF
        else { return nil }
        return HTTPAddress(bytes: Array(bytes[12...]), port: port)
    }
}

/// A range of addresses, such as `10.0.0.0/8` or `fd00::/8`.
package struct CIDR: Sendable, Hashable, CustomStringConvertible {
    private let bytes: [UInt8]
    private let prefix: Int
    /// The range as it was written.
    package let description: String

    /// Reads a range; an address alone is a range of one. Nil for anything that is not exactly that.
    ///
    /// Bits behind the prefix must be zero: `10.1.2.3/8` is more likely a slip than a wish.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, let bytes = parseIPAddress(String(address)) else { return nil }
        var prefix = bytes.count * 8
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(parts[1]), number <= prefix
            else { return nil }
            prefix = number
        }
        guard (prefix..<bytes.count * 8).allSatisfy({ bytes[$0 / 8] & (0x80 >> UInt8($0 % 8)) == 0 })
        else { return nil }
        self.bytes = bytes
        self.prefix = prefix
        description = text
    }

    /// Whether an address lies in the range; an address of the other family never does.
    package func contains(_ address: HTTPAddress) -> Bool {
        guard address.bytes.count == bytes.count else { return false }
        let whole = prefix / 8
        guard address.bytes[..<whole] == bytes[..<whole] else { return false }
        guard prefix % 8 != 0 else { return true }
        let mask = ~(UInt8(0xFF) >> UInt8(prefix % 8))
        return address.bytes[whole] & mask == bytes[whole]
    }
}

/// The strict text forms only (`inet_pton`): odd spellings of an address are for libcurl to resolve, and are judged
/// by what they resolve to.
private func parseIPAddress(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
        var bytes = [UInt8](repeating: 0, count: count)
        if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
}
