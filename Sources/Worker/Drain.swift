internal import Synchronization

/// Whether the worker has been asked to finish what it holds and leave. Asked once, for good.
final class Drain: Sendable {
    private let asked = Atomic(false)
    private let bell: Bell

    /// - Parameter bell: rung when the worker is asked, so that whoever waits notices.
    init(bell: Bell) { self.bell = bell }

    var isAsked: Bool { asked.load(ordering: .acquiring) }

    func ask() {
        asked.store(true, ordering: .releasing)
        bell.ring()
    }
}
