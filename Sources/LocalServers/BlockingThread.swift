import Glibc

/// Runs code that may block on a thread of its own, so that it never occupies one of Swift's executor threads.
///
/// Plain POSIX threads rather than dispatch queues: a child process is tied to the thread that forked it (see
/// `ChildProcess`), and dispatch's worker threads are a limited pool that others in this process depend on.
enum BlockingThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a thread that runs `body` once and then ends.
    static func start(_ body: @escaping @Sendable () -> Void) throws(LocalServerError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let box = Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { raw in
                if let raw { Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw LocalServerError(.spawnFailed, "Cannot start a thread: \(LocalServerError.text(ofErrno: code)).")
        }
    }

    /// Runs `body` on a thread of its own and returns what it returns.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(LocalServerError) -> Value
    ) async throws(LocalServerError) -> Value {
        let result: Result<Value, LocalServerError> = await withCheckedContinuation { continuation in
            do throws(LocalServerError) {
                try start {
                    do throws(LocalServerError) {
                        continuation.resume(returning: .success(try body()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }
}
