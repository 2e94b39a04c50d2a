internal import Glibc

/// The server's side of one HTTP/2 connection without TLS, frame by frame: just enough of the protocol to break it.
struct HTTP2Peer {
    /// A frame as it stands on the wire.
    struct Frame {
        var type: UInt8
        var flags: UInt8 = 0
        var stream: UInt32 = 0
        var payload: [UInt8] = []

        var bytes: [UInt8] {
            let head: [UInt8] = Array(UInt32(payload.count).octets.dropFirst()) + [type, flags]
            return head + stream.octets + payload
        }

        static let settings = Frame(type: 4)
        static let ping = Frame(type: 6, payload: [UInt8](repeating: 7, count: 8))

        static func data(_ bytes: [UInt8], stream: UInt32, isLast: Bool) -> Frame {
            Frame(type: 0, flags: isLast ? 1 : 0, stream: stream, payload: bytes)
        }

        /// The head of an answer: status 200, and fields written out in full.
        static func head(_ fields: [(String, String)] = [], stream: UInt32, ends: Bool = true) -> Frame {
            Frame(type: 1, flags: ends ? 4 : 0, stream: stream, payload: [0x88] + block(fields))
        }

        /// More of a head.
        static func continuation(_ fields: [(String, String)], stream: UInt32) -> Frame {
            Frame(type: 9, stream: stream, payload: block(fields))
        }

        /// Ends a stream with an error.
        static func reset(_ code: UInt32, stream: UInt32) -> Frame {
            Frame(type: 3, stream: stream, payload: code.octets)
        }

        /// Says that streams after `last` were not looked at and that none are taken any more.
        static func goAway(_ code: UInt32, last: UInt32) -> Frame { Frame(type: 7, payload: last.octets + code.octets) }

        /// Literal fields that are in no table, names and values shorter than 127 bytes.
        private static func block(_ fields: [(String, String)]) -> [UInt8] {
            var bytes: [UInt8] = []
            for (name, value) in fields {
                bytes += [0x00, UInt8(name.utf8.count)] + Array(name.utf8)
                bytes += [UInt8(value.utf8.count)] + Array(value.utf8)
            }
            return bytes
        }
    }

    /// Codes of RST_STREAM and GOAWAY.
    enum ErrorCode {
        static let none: UInt32 = 0
        static let internalError: UInt32 = 2
        static let refusedStream: UInt32 = 7
        static let enhanceYourCalm: UInt32 = 11
    }

    let peer: ScriptedServer.Peer
    private var buffer: [UInt8] = []

    /// Takes the client's preface and answers with settings; nil when the client speaks something else.
    init?(_ peer: ScriptedServer.Peer) {
        self.peer = peer
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        guard fill(preface.count), buffer.starts(with: preface) else { return nil }
        buffer.removeFirst(preface.count)
        send(.settings)
    }

    /// Waits for a request's head; returns its stream, or nil when the client has gone.
    mutating func readRequest() -> UInt32? {
        while let frame = readFrame() {
            if frame.type == 4, frame.flags & 1 == 0 { send(Frame(type: 4, flags: 1)) }
            if frame.type == 1 { return frame.stream }
        }
        return nil
    }

    /// Sends a frame; false when the client has gone.
    @discardableResult
    func send(_ frame: Frame) -> Bool { peer.send(frame.bytes) }

    private mutating func readFrame() -> Frame? {
        guard fill(9) else { return nil }
        let length = Int(buffer[0]) << 16 | Int(buffer[1]) << 8 | Int(buffer[2])
        guard fill(9 + length) else { return nil }
        let stream = buffer[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let frame = Frame(
            type: buffer[3], flags: buffer[4], stream: stream, payload: Array(buffer[9..<(9 + length)]))
        buffer.removeFirst(9 + length)
        return frame
    }

    private mutating func fill(_ count: Int) -> Bool {
        while buffer.count < count {
            guard let bytes = peer.receive() else { return false }
            buffer += bytes
        }
        return true
    }
}

extension UInt32 {
    fileprivate var octets: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) } }
}
