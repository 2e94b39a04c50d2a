import CHiredis
import Glibc

/// The sole owner of one hiredis context: a non-blocking socket and the reply parser behind it.
///
/// hiredis connects, parses and frees. Bytes are moved by `send` and `recv` directly: hiredis's own
/// buffer shifts all that is left after every partial write (quadratic for large commands) and
/// its `write(2)` raises SIGPIPE.
///
/// Thread-safety: one thread, from `open` to the end of life. Replies are copied into Swift values
/// and freed before a method returns.
struct RedisSocket: ~Copyable {
    private static let receiveBytes = 32 << 10

    private let context: UnsafeMutablePointer<redisContext>
    private let replyBytesMax: Int
    private var replyBytes = 0

    /// Begins to connect; `finishConnecting` tells how it ended once the socket is writable.
    ///
    /// `endpoint` must not need name resolution: hiredis would block in it.
    init(to endpoint: RedisConfiguration.Endpoint, replyBytesMax: Int) throws(RedisError) {
        let made: UnsafeMutablePointer<redisContext>? =
            switch endpoint {
            case .tcp(let address, let port): redisConnectNonBlock(address, Int32(port))
            case .unix(let path): redisConnectUnixNonBlock(path)
            }
        guard let made else { throw RedisError(.unavailable, "out of memory while connecting") }
        guard portolan_redis_err(made) == 0 else {
            let reason = String(cString: portolan_redis_errstr(made))
            redisFree(made)
            throw RedisError(.unavailable, "cannot connect: \(reason)")
        }
        context = made
        self.replyBytesMax = replyBytesMax
        _ = portolan_set_cloexec(portolan_redis_fd(made))
    }

    deinit { redisFree(context) }

    var descriptor: Int32 { portolan_redis_fd(context) }

    /// Throws what the connect ended with.
    func finishConnecting() throws(RedisError) {
        let code = portolan_socket_error(descriptor)
        guard code == 0 else {
            throw RedisError(.unavailable, "cannot connect: \(String(cString: strerror(code)))")
        }
        // Fails on Unix sockets, where it is not needed.
        _ = redisEnableKeepAlive(context)
    }

    /// Sends what the socket takes of `bytes` and gives the count; 0 when it takes none now.
    func send(_ bytes: ArraySlice<UInt8>) throws(RedisError) -> Int {
        let (sent, code) = bytes.withUnsafeBytes { portion in
            let sent = portolan_send(descriptor, portion.baseAddress, portion.count)
            return (sent, errno)
        }
        if sent >= 0 { return sent }
        guard code == EAGAIN || code == EINTR else { throw Self.lost("while sending", code) }
        return 0
    }

    /// Takes what has arrived, up to one buffer. Throws when the connection has ended.
    mutating func receive() throws(RedisError) {
        let (got, code) = withUnsafeTemporaryAllocation(byteCount: Self.receiveBytes, alignment: 16) { buffer in
            let got = portolan_receive(descriptor, buffer.baseAddress, buffer.count)
            let code = errno
            if got > 0, portolan_redis_feed(context, buffer.baseAddress, got) != REDIS_OK {
                return (-1, ENOMEM)
            }
            return (got, code)
        }
        if got > 0 {
            replyBytes += got
            return
        }
        guard got != 0 else { throw RedisError(.connectionLost, "the server closed the connection") }
        guard code == EAGAIN || code == EINTR else { throw Self.lost("while receiving", code) }
    }

    /// The next complete reply, or nil until more has been received.
    mutating func nextReply() throws(RedisError) -> RedisReply? {
        var reply: UnsafeMutablePointer<redisReply>?
        guard portolan_redis_next_reply(context, &reply) == REDIS_OK else {
            let reason = String(cString: portolan_redis_reader_errstr(context))
            throw RedisError(.protocolViolation, "the server's bytes are not a reply: \(reason)")
        }
        guard let reply else {
            guard replyBytes <= replyBytesMax else {
                throw RedisError(.protocolViolation, "a reply is over \(replyBytesMax) bytes")
            }
            return nil
        }
        defer { freeReplyObject(reply) }
        replyBytes = 0
        return RedisReply(copying: reply.pointee)
    }

    private static func lost(_ when: String, _ code: Int32) -> RedisError {
        RedisError(.connectionLost, "the connection broke \(when): \(String(cString: strerror(code)))")
    }
}

extension RedisReply {
    /// Copies a reply tree. hiredis parses at most seven levels, which bounds the recursion.
    fileprivate init(copying reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_STRING: self = .string(Self.bytes(reply))
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_STATUS: self = .status(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.element, count: reply.element == nil ? 0 : reply.elements)
            self = .array(elements.map { $0.map { RedisReply(copying: $0.pointee) } ?? .null })
        default: self = .null
        }
    }

    private static func bytes(_ reply: redisReply) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : reply.len))
    }
}
