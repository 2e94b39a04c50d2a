import Glibc

/// TCP ports of the loopback interface.
enum LoopbackPort {
    static let host = "127.0.0.1"
    private static let attemptsMax = 3

    /// A port nobody listens on at the moment. Somebody may take it before the server does; the server then ends early.
    static func free() throws(LocalServerError) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isKnown = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isKnown else { throw failure() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Starts a server: without a port, or with a free one, and then again with another when somebody was faster.
    static func retrying<Server>(
        when isWanted: Bool, start: (Int?) async throws(LocalServerError) -> Server
    ) async throws(LocalServerError) -> Server {
        guard isWanted else { return try await start(nil) }
        for _ in 1..<attemptsMax {
            do throws(LocalServerError) {
                return try await start(free())
            } catch {
                guard error.log.contains(where: { $0.contains("Address already in use") }) else { throw error }
            }
        }
        return try await start(free())
    }

    private static func failure() -> LocalServerError {
        LocalServerError(.spawnFailed, "No free loopback port: \(LocalServerError.text(ofErrno: errno)).")
    }
}
