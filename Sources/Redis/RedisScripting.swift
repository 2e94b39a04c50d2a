/// What keeps state in Redis: commands and scripts that run where their keys live.
///
/// Why it exists: a single server and a cluster look alike through it. `RedisClient` and
/// `RedisCluster` conform.
package protocol RedisScripting: Sendable {
    /// The server that holds `key`, as of the live connection.
    ///
    /// Waits, as a command does, for the attempt to connect that is under way.
    ///
    /// Errors: those of a command that could not be sent.
    func server(forKey key: RedisArgument) async throws(RedisError) -> RedisServer

    /// Runs a script where its keys live; they must live together.
    ///
    /// With `server`, only on that very connection, which is checked when the script is written to it.
    ///
    /// Errors: any code of `RedisError`; `serverChanged` when `server` is not connected any more, and then
    /// nothing was executed.
    func script(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], on server: RedisServer?
    ) async throws(RedisError) -> RedisReply

    /// Runs one command that names the key `key`, or none.
    ///
    /// Errors: any code of `RedisError`.
    func command(_ arguments: [RedisArgument], key: RedisArgument?) async throws(RedisError) -> RedisReply

    /// All keys that match a glob pattern, on every primary, each once, in no order.
    ///
    /// Keys made or removed meanwhile may be missing or there; keys that are not UTF-8 are left out.
    ///
    /// Errors: any code of `RedisError`.
    func scanKeys(matching pattern: String) async throws(RedisError) -> [String]
}
