internal import CLibCurl

/// Owns the multi handle: connections, name cache, and the transfers in progress.
///
/// *Thread-safety notes*: made, used and freed on the loop thread. The one call libcurl allows from elsewhere,
/// `curl_multi_wakeup`, goes through `Wakeup`, which must be withdrawn before this value ends.
struct MultiHandle: ~Copyable {
    /// Interrupts `wait` from any thread.
    struct Wakeup: @unchecked Sendable {
        // Unchecked: `curl_multi_wakeup` is documented as callable from any thread while the handle lives, and
        // `EventLoop` keeps the value inside a mutex and withdraws it there before the handle is freed.
        fileprivate let pointer: OpaquePointer

        /// Makes the current or the next `wait` return; does not block.
        func callAsFunction() { curl_multi_wakeup(pointer) }
    }

    private let pointer: OpaquePointer

    /// libcurl's global state, made once; libcurl 7.88 does it safely from any thread.
    private static let globalInit: Void = {
        let code = curl_global_init(portolan_global_all)
        precondition(code == CURLE_OK, "libcurl cannot be initialised")
    }()

    init(_ configuration: HTTPClientConfiguration) {
        _ = Self.globalInit
        guard let pointer = curl_multi_init() else { preconditionFailure("out of memory for a curl multi handle") }
        self.pointer = pointer
        set(CURLMOPT_PIPELINING, portolan_multiplex)
        set(CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.connectionsMax)
        set(CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerHostMax)
        set(CURLMOPT_MAXCONNECTS, configuration.connectionsIdleMax)
        set(CURLMOPT_MAX_CONCURRENT_STREAMS, configuration.streamsPerConnectionMax)
    }

    deinit { curl_multi_cleanup(pointer) }

    /// The way to interrupt `wait`.
    var wakeup: Wakeup { Wakeup(pointer: pointer) }

    /// Starts a transfer.
    func add(_ easy: EasyHandle) {
        let code = curl_multi_add_handle(pointer, easy.pointer)
        precondition(code == CURLM_OK, "libcurl refused a transfer: \(String(cString: curl_multi_strerror(code)))")
    }

    /// Takes a transfer out, finished or not; an unfinished one closes its connection or resets its stream.
    func remove(_ easy: EasyHandle) { curl_multi_remove_handle(pointer, easy.pointer) }

    /// Does all the work that can be done without waiting; callbacks run inside. Returns an error's text, if any.
    func perform() -> String? {
        var running: Int32 = 0
        let code = curl_multi_perform(pointer, &running)
        return code == CURLM_OK ? nil : String(cString: curl_multi_strerror(code))
    }

    /// Waits for sockets, libcurl's own timers, a wake-up, or the time to pass. Returns an error's text, if any.
    func wait(_ time: Duration) -> String? {
        let code = curl_multi_poll(pointer, nil, 0, Int32(time.wholeMilliseconds), nil)
        return code == CURLM_OK ? nil : String(cString: curl_multi_strerror(code))
    }

    /// The next transfer that has ended, with libcurl's verdict.
    func nextEnded() -> (transfer: Transfer, result: CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(pointer, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let result = portolan_message_result(message)
            var context: UnsafeMutableRawPointer?
            guard portolan_easy_get_private(easy, &context) == CURLE_OK, let context else {
                preconditionFailure("libcurl lost a transfer's context")
            }
            return (Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue(), result)
        }
        return nil
    }

    private func set(_ option: CURLMoption, _ value: Int) {
        let code = portolan_multi_set_long(pointer, option, value)
        precondition(code == CURLM_OK, "libcurl refused an option: \(String(cString: curl_multi_strerror(code)))")
    }
}
