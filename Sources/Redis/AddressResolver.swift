import Glibc
import Synchronization

/// Turns a host name into numeric addresses on a thread of its own.
///
/// `getaddrinfo` cannot be bounded or cancelled, and hiredis calls it inside connect; so names are
/// resolved here, at most one at a time, and hiredis sees numbers only. A resolution that outlives
/// the attempt it was for is awaited by the next one.
///
/// Thread-safety: everything shared is behind the mutex.
final class AddressResolver: Sendable {
    private enum State {
        case idle
        case resolving
        case resolved(Result<[String], RedisError>)
    }

    private let state = Mutex<State>(.idle)
    private let wakeUp: WakeUp

    init(wakeUp: WakeUp) { self.wakeUp = wakeUp }

    /// Whether `host` is an address already.
    static func isNumeric(_ host: String) -> Bool {
        (try? addresses(of: host, flags: AI_NUMERICHOST).get()) != nil
    }

    /// Begins to resolve, unless a resolution is under way; signals `wakeUp` at the end.
    func start(_ host: String) {
        let isBusy = state.withLock { state in
            if case .resolving = state { return true }
            state = .resolving
            return false
        }
        guard !isBusy else { return }
        OwnThread.start(name: "redis-resolve") { [self] in
            let result = Self.addresses(of: host, flags: AI_ADDRCONFIG)
            state.withLock { $0 = .resolved(result) }
            wakeUp.signal()
        }
    }

    /// The result of `start`, once, when there is one.
    func take() -> Result<[String], RedisError>? {
        state.withLock { state in
            guard case .resolved(let result) = state else { return nil }
            state = .idle
            return result
        }
    }

    private static func addresses(of host: String, flags: Int32) -> Result<[String], RedisError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            return .failure(RedisError(.unavailable, "cannot resolve the host: \(String(cString: gai_strerror(code)))"))
        }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let isText =
                getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            if isText {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            }
            next = entry.ai_next
        }
        guard !addresses.isEmpty else { return .failure(RedisError(.unavailable, "the host has no address")) }
        return .success(addresses)
    }
}
