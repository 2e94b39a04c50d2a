internal import CZlib

/// Packs bytes as gzip: what simulated platforms and tests make documents with.
package struct GzipWriter: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter level: 1 is fast, 9 is small.
    package init(level: Int32 = 6) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        precondition(portolan_deflate_init_gzip(stream, level) == Z_OK, "memory for a compressor")
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Packs some more; what comes out may be nothing yet.
    package mutating func write(_ bytes: [UInt8]) -> [UInt8] { deflated(bytes, Z_NO_FLUSH) }

    /// What is left. Nothing may be written after it.
    package mutating func finish() -> [UInt8] { deflated([], Z_FINISH) }

    package static func pack(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var writer = GzipWriter(level: level)
        return writer.write(bytes) + writer.finish()
    }

    private func deflated(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        var bytes = bytes
        var packed: [UInt8] = []
        bytes.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var isFull = true
            while isFull {
                packed += [UInt8](unsafeUninitializedCapacity: GunzipStream.chunkBytes) { output, count in
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(GunzipStream.chunkBytes)
                    _ = deflate(stream, flush)
                    count = GunzipStream.chunkBytes - Int(stream.pointee.avail_out)
                    isFull = stream.pointee.avail_out == 0
                }
            }
            stream.pointee.next_in = nil
        }
        return packed
    }
}
