import CHiredis
import Glibc

/// Threads for work that blocks, so that Swift's own executor never does.
enum OwnThread {
    /// Runs `body` on a new detached thread.
    ///
    /// All signals are blocked there: they belong to the threads that expect them.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(name: name, run: body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                portolan_name_thread(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "cannot start a thread: the process is out of memory or threads")
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
