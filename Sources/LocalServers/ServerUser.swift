import Glibc

/// A user of this machine that a server runs as.
package struct ServerUser: Sendable, Hashable {
    /// The user's name, or its number when it has none.
    package let name: String
    package let userID: UInt32
    package let groupID: UInt32

    package init(name: String, userID: UInt32, groupID: UInt32) {
        self.name = name
        self.userID = userID
        self.groupID = groupID
    }

    /// The first of `names` that exists; nil when none does.
    static func named(_ names: [String]) -> ServerUser? {
        for name in names {
            let found = look { entry, buffer, size, result in getpwnam_r(name, entry, buffer, size, result) }
            if let found { return found }
        }
        return nil
    }

    /// The user with this number; nil when it is not in the user database.
    static func numbered(_ userID: UInt32) -> ServerUser? {
        look { entry, buffer, size, result in getpwuid_r(userID, entry, buffer, size, result) }
    }

    private static func look(
        _ body: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) -> ServerUser? {
        var entry = passwd()
        var buffer = [CChar](repeating: 0, count: 16_384)
        var result: UnsafeMutablePointer<passwd>?
        return buffer.withUnsafeMutableBufferPointer { buffer in
            guard body(&entry, buffer.baseAddress!, buffer.count, &result) == 0, result != nil else { return nil }
            return ServerUser(name: String(cString: entry.pw_name), userID: entry.pw_uid, groupID: entry.pw_gid)
        }
    }
}
