/// Decides which addresses a client may connect to.
///
/// It is asked when a socket is opened, with the very address that is then connected to, so no spelling of a host, no
/// redirect and no second answer of a name server gets past it.
package struct HTTPAddressPolicy: Sendable {
    /// Says whether an address may be connected to.
    ///
    /// **Thread**: called on the client's loop thread; must return at once.
    package let permits: @Sendable (HTTPAddress) -> Bool

    /// Makes a policy from a function.
    package init(permits: @escaping @Sendable (HTTPAddress) -> Bool) {
        self.permits = permits
    }

    /// Every address is allowed: for platforms whose hosts we name ourselves.
    package static let any = HTTPAddressPolicy { _ in true }

    /// Only addresses of the public Internet, and what the operator allows: for hosts that customers type in.
    ///
    /// Refused are private, shared, loopback, link-local (cloud metadata included), unique-local, documentation,
    /// benchmarking, multicast and reserved ranges of both families, Azure's metadata address, and IPv6 forms that
    /// carry an IPv4 address (mapped, 6to4, Teredo; NAT64 unless the address inside is public). A mapped address is
    /// allowed where `allow` contains the IPv4 address inside it.
    package static func publicOnly(allow: [CIDR] = []) -> HTTPAddressPolicy {
        HTTPAddressPolicy { address in
            let plain = address.mappedIPv4 ?? address
            if allow.contains(where: { $0.contains(plain) || $0.contains(address) }) { return true }
            if address.bytes.count == 4 { return isPublicIPv4(address) }
            if nat64.contains(address) {
                return isPublicIPv4(HTTPAddress(bytes: Array(address.bytes[12...]), port: address.port))
            }
            return globalUnicast.contains(address) && !refusedIPv6.contains { $0.contains(address) }
        }
    }

    private static func isPublicIPv4(_ address: HTTPAddress) -> Bool {
        !refusedIPv4.contains { $0.contains(address) }
    }

    /// The special-purpose registry of IANA for IPv4, with Azure's metadata address, which hides in public space.
    private static let refusedIPv4 = ranges([
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ])

    /// What is special inside global unicast space; everything outside that space is refused anyway.
    private static let refusedIPv6 = ranges(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"])
    private static let globalUnicast = ranges(["2000::/3"])[0]
    private static let nat64 = ranges(["64:ff9b::/96"])[0]

    private static func ranges(_ texts: [String]) -> [CIDR] {
        texts.map { text in
            guard let range = CIDR(text) else { preconditionFailure("a built-in range is misspelt: \(text)") }
            return range
        }
    }
}
