import Glibc

/// The end of a server's log file, for error messages.
enum LogFile {
    /// Lines shown with an error.
    static let linesShownMax = 20
    private static let tailBytesMax: Int64 = 16_384

    /// The file's size in bytes; 0 when there is none.
    static func size(_ path: String) -> Int64 {
        var information = stat()
        return stat(path, &information) == 0 ? Int64(information.st_size) : 0
    }

    /// The last lines written after byte `start`, oldest first.
    static func tail(_ path: String, after start: Int64) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let begin = max(start, size(path) - tailBytesMax)
        var bytes = [UInt8](repeating: 0, count: Int(tailBytesMax))
        let count = max(0, pread(descriptor, &bytes, bytes.count, off_t(begin)))
        let lines = bytes[..<count].split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        return lines.suffix(linesShownMax)
    }
}
