import CHiredis
import Glibc

/// A signal that ends another thread's `poll(2)`.
///
/// Thread-safety: `signal` from any thread, `clear` from the polling one; the kernel does the rest.
final class WakeUp: Sendable {
    let descriptor: Int32

    init() {
        descriptor = portolan_eventfd()
        precondition(descriptor >= 0, "cannot make an eventfd: the process is out of file descriptors")
    }

    deinit { close(descriptor) }

    func signal() { portolan_eventfd_signal(descriptor) }

    func clear() { portolan_eventfd_clear(descriptor) }
}
