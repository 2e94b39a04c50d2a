internal import Glibc
internal import HTTP
internal import Testing

/// Starts a detached thread.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(code == 0, "no thread for the test server")
    pthread_detach(thread)
}

/// A value that one thread sets and a task waits for.
final class Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    /// Sends a value.
    func send(_ value: Value) { continuation.yield(value) }

    /// Waits for the next value.
    func wait() async -> Value? {
        for await value in stream { return value }
        return nil
    }
}

/// Lets a server's thread wait for a test.
final class Gate: Sendable {
    private let semaphore = UnsafeSemaphore()

    func open() { semaphore.post() }
    func waitBlocking() { semaphore.wait() }
}

/// A POSIX semaphore.
private final class UnsafeSemaphore: @unchecked Sendable {
    // Unchecked: a POSIX semaphore may be posted and awaited from any thread, and lives as long as this object.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
    func post() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 {} }
}

/// Runs a body with a server and a client, and ends both.
func withServer(
    _ configuration: HTTPClientConfiguration = HTTPClientConfiguration(),
    script: @escaping @Sendable (ScriptedServer.Peer) -> Void,
    body: (ScriptedServer, HTTPClient) async throws -> Void
) async throws {
    let server = ScriptedServer(script)
    let client = try HTTPClient(configuration)
    do {
        try await body(server, client)
    } catch {
        await client.shutdown()
        server.close()
        throw error
    }
    await client.shutdown()
    server.close()
}

/// Answers every request of a connection.
func answering(
    _ answer: @escaping @Sendable (ScriptedServer.Request, ScriptedServer.Peer) -> Void
) -> @Sendable (ScriptedServer.Peer) -> Void {
    { peer in
        while let request = peer.readRequest() { answer(request, peer) }
    }
}

/// Runs a request that must fail, and returns how.
func failure(_ body: () async throws -> Void) async -> HTTPError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? HTTPError
    }
}

/// Plays a script for one request that must fail with a code; returns the error. The request's URL is filled in.
@discardableResult
func expectFailure(
    _ code: HTTPError.Code, _ request: HTTPRequest = HTTPRequest(url: ""),
    script: @escaping @Sendable (ScriptedServer.Peer) -> Void, location: SourceLocation = #_sourceLocation
) async throws -> HTTPError {
    var result: HTTPError?
    try await withServer(script: script) { server, client in
        var request = request
        request.url = server.url("/path?secret=1")
        result = await failure { _ = try await client.execute(request) }
    }
    let error = try #require(result, sourceLocation: location)
    #expect(error.code == code, "\(error)", sourceLocation: location)
    #expect(error.host == "127.0.0.1", sourceLocation: location)
    #expect(error.timings != nil, sourceLocation: location)
    #expect(!error.description.contains("secret"), sourceLocation: location)
    return error
}

/// Compresses with the gzip program.
func gzipped(_ bytes: [UInt8]) async throws -> [UInt8] {
    try runProgram("gzip", ["-9nc"], input: bytes)
}

/// The checksum at the end of a zlib stream.
func adler32(_ bytes: [UInt8]) -> [UInt8] {
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
        low = (low + UInt32(byte)) % 65521
        high = (high + low) % 65521
    }
    let sum = high << 16 | low
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
}

/// Makes a server's thread slow; never a test's task.
func pauseThread(milliseconds: UInt32) { usleep(milliseconds * 1000) }

/// A listener whose queue of waiting connections is full, so that the next one gets no answer.
final class FullListener: Sendable {
    let port: UInt16
    private let descriptors: [Int32]

    init() throws {
        var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var descriptors = [listener]
        withUnsafeMutableBytes(of: &address) { raw in
            let pointer = raw.assumingMemoryBound(to: sockaddr.self).baseAddress
            let code = bind(listener, pointer, length) | listen(listener, 0) | getsockname(listener, pointer, &length)
            precondition(code == 0, "the test listener cannot listen")
            for _ in 0..<4 {
                let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                _ = connect(filler, pointer, length)
                descriptors.append(filler)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        self.descriptors = descriptors
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}

/// A small seeded generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
