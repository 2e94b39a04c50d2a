internal import CZlib

/// Plain bytes out of a document that may be gzip, whatever its headers say: the first two bytes decide.
///
/// Bytes are fed as they arrive and taken out a chunk at a time, so a piece that unpacks to a thousand times its size
/// takes no more memory than one that does not.
///
/// **Thread**: confined to whoever reads the document; it is handed on, never shared.
// Not Sendable by itself because of zlib's stream, which is a pointer into memory of this object's own.
package final class GunzipStream: @unchecked Sendable {
    private enum Kind { case undecided, plain, gzip }

    /// The most that one call of ``next()`` gives.
    package static let chunkBytes = 64 * 1024

    private var kind = Kind.undecided
    private var pending: [UInt8] = []
    private var position = 0
    private var isFinished = false
    /// A member of the gzip file is complete; another one may follow.
    private var isBetweenMembers = false
    private let stream: UnsafeMutablePointer<z_stream>
    private var isOpen = false

    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
    }

    deinit {
        if isOpen { inflateEnd(stream) }
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Whether the document is compressed; false while nothing of it has come.
    package var isCompressed: Bool { kind == .gzip }

    /// The next bytes as received.
    package func feed(_ bytes: [UInt8]) {
        if position == pending.count {
            pending = bytes
        } else {
            pending.removeFirst(position)
            pending += bytes
        }
        position = 0
    }

    /// Nothing follows.
    package func finish() { isFinished = true }

    /// The next plain bytes; nil when more has to be fed, or at the end.
    package func next() throws(DocumentError) -> [UInt8]? {
        if kind == .undecided {
            guard pending.count - position >= 2 || isFinished else { return nil }
            kind = pending[position...].starts(with: [0x1F, 0x8B]) ? .gzip : .plain
        }
        return kind == .gzip ? try inflated() : plain()
    }

    private func plain() -> [UInt8]? {
        guard position < pending.count else { return nil }
        let end = min(position + Self.chunkBytes, pending.count)
        defer { position = end }
        if position == 0, end == pending.count { return pending }
        return Array(pending[position..<end])
    }

    private func inflated() throws(DocumentError) -> [UInt8]? {
        while true {
            guard position < pending.count else {
                if isFinished, !isBetweenMembers { throw .cutShort }
                return nil
            }
            if isBetweenMembers {
                // What follows a complete member and is no member is padding.
                guard pending[position] == 0x1F else {
                    position = pending.count
                    return nil
                }
                inflateReset(stream)
                isBetweenMembers = false
            }
            if !isOpen {
                guard portolan_inflate_init_gzip(stream) == Z_OK else { throw .damaged }
                isOpen = true
            }
            let chunk = try step()
            if !chunk.isEmpty { return chunk }
        }
    }

    private func step() throws(DocumentError) -> [UInt8] {
        var code = Z_OK
        let chunk = pending.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { output, count in
                stream.pointee.next_in = input.baseAddress.map { $0 + position }
                stream.pointee.avail_in = UInt32(min(input.count - position, Int(UInt32.max)))
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(Self.chunkBytes)
                let offered = stream.pointee.avail_in
                code = inflate(stream, Z_NO_FLUSH)
                position += Int(offered - stream.pointee.avail_in)
                count = Self.chunkBytes - Int(stream.pointee.avail_out)
            }
        }
        switch code {
        case Z_OK, Z_BUF_ERROR: return chunk
        case Z_STREAM_END:
            isBetweenMembers = true
            return chunk
        default: throw .damaged
        }
    }
}
