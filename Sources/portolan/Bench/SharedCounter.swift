internal import Foundation
internal import Synchronization

/// A file that holds one little-endian int64, mapped into memory and shared by all processes that map it.
// @unchecked: the mapping is never unmapped, and the number in it is only touched atomically.
struct SharedCounter: @unchecked Sendable {
    private let number: UnsafeMutablePointer<Atomic<Int64>>

    init(path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SettingsError("COUNTER names \(path), which cannot be opened for writing") }
        defer { close(file) }
        let size = MemoryLayout<Int64>.size
        guard lseek(file, 0, SEEK_END) >= size || ftruncate(file, off_t(size)) == 0,
            let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { throw SettingsError("COUNTER names \(path), which cannot be mapped into memory") }
        number = memory.bindMemory(to: Atomic<Int64>.self, capacity: 1)
    }

    var value: Int64 { number.pointee.load(ordering: .relaxed) }

    func increment() { number.pointee.add(1, ordering: .relaxed) }
}
