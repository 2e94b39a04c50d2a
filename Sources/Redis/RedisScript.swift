import Synchronization

/// A Lua script, sent whole once and then called by its digest.
///
/// Make one per script and keep it (`static let`): the digest the server answered with is cached in
/// it. The digest depends on the source alone, so one script may be used with several servers.
package final class RedisScript: Sendable {
    package let source: String
    private let knownDigest = Mutex<String?>(nil)

    package init(_ source: String) { self.source = source }

    /// The SHA-1 of the source in hexadecimal, as `SCRIPT LOAD` answered it; nil until first loaded.
    var digest: String? {
        get { knownDigest.withLock { $0 } }
        set { knownDigest.withLock { $0 = newValue } }
    }
}
