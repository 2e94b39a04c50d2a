/// Which of a cluster's slots a key belongs to.
enum KeySlot {
    static let count = 16_384

    /// CRC-16 (XMODEM) of the key, or of its hash tag when it has one: what is between the first `{`
    /// and the next `}`, unless that is nothing.
    static func of(_ key: [UInt8]) -> Int {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            hashed = key[(open + 1)..<close]
        }
        return Int(hashed.reduce(0 as UInt16) { $0 << 8 ^ table[Int($0 >> 8 ^ UInt16($1))] }) % count
    }

    /// The slot all keys share; nil for no keys.
    ///
    /// Errors: `misuse` when they do not share one.
    static func shared(_ keys: [RedisArgument]) throws(RedisError) -> Int? {
        guard let first = keys.first else { return nil }
        let slot = of(first.bytes)
        guard keys.dropFirst().allSatisfy({ of($0.bytes) == slot }) else {
            throw RedisError(.misuse, "the keys of one call belong to several slots of the cluster")
        }
        return slot
    }

    private static let table: [UInt16] = (0..<256).map { index in
        (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }
}
