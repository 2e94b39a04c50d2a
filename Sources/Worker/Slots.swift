internal import Synchronization

/// How many jobs the worker may still take on.
final class Slots: Sendable {
    private let count: Mutex<Int>

    init(_ count: Int) { self.count = Mutex(count) }

    var free: Int { count.withLock { $0 } }

    func take(_ taken: Int) { count.withLock { $0 -= taken } }
    func giveBack() { count.withLock { $0 += 1 } }
}
