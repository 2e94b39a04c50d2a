internal import NIOCore
internal import Synchronization

/// The connections that are open, so that a stopping server can end those that would not end by themselves.
///
/// **Thread**: any.
final class ConnectionList: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A handler that enters a connection here for as long as it is open.
    func makeHandler() -> any RemovableChannelHandler { Handler(list: self) }

    /// Cuts every connection there is and every one that comes.
    func closeAll() {
        let channels = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    private func insert(_ channel: any Channel) {
        let isClosed = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = channel
            return state.isClosed
        }
        if isClosed { channel.close(promise: nil) }
    }

    private func remove(_ channel: any Channel) {
        _ = state.withLock { $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    private final class Handler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = Any

        private let list: ConnectionList

        init(list: ConnectionList) { self.list = list }

        func handlerAdded(context: ChannelHandlerContext) { list.insert(context.channel) }

        func handlerRemoved(context: ChannelHandlerContext) { list.remove(context.channel) }
    }
}
