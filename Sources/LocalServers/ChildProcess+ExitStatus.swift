extension ChildProcess {
    /// How a process ended.
    package enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
        /// It returned this exit code, 0 to 255.
        case exited(Int32)
        /// A signal with this number ended it.
        case signalled(Int32)
        /// It ended, but something else in this process collected its status first.
        case unknown

        /// Whether it returned exit code 0.
        package var isSuccess: Bool { self == .exited(0) }

        package var description: String {
            switch self {
            case .exited(let code): "exit code \(code)"
            case .signalled(let number): "signal \(number)"
            case .unknown: "an unknown status"
            }
        }

        /// Reads the status word of `waitpid`: the low seven bits are the signal, the next byte is the exit code.
        init(waitStatus: Int32) {
            let signal = waitStatus & 0x7f
            self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
        }
    }
}
