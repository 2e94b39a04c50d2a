extension RedisClient {
    /// Runs a script by its digest, loading it when the server does not know it.
    ///
    /// One round trip; one more the first time, and one more after the server forgot (restart,
    /// failover, `SCRIPT FLUSH`). A refusal for an unknown script executed nothing, so the second
    /// call is no repetition.
    ///
    /// Errors: any code of `RedisError`; `noScript` if it is unknown straight after loading.
    package func script(
        _ script: RedisScript, keys: [RedisArgument] = [], arguments: [RedisArgument] = [],
        timeLimit: Duration? = nil
    ) async throws(RedisError) -> RedisReply {
        let tail = [RedisArgument(keys.count)] + keys + arguments
        guard let digest = script.digest else {
            let loaded = try await command(["SCRIPT", "LOAD", RedisArgument(script.source)], timeLimit: timeLimit)
            let digest = try loaded.string
            script.digest = digest
            return try await command(["EVALSHA", RedisArgument(digest)] + tail, timeLimit: timeLimit)
        }
        let call = ["EVALSHA", RedisArgument(digest)] + tail
        do throws(RedisError) {
            return try await command(call, timeLimit: timeLimit)
        } catch {
            guard error.code == .noScript else { throw error }
            let load: [RedisArgument] = ["SCRIPT", "LOAD", RedisArgument(script.source)]
            let results = await pipeline([load, call], timeLimit: timeLimit)
            // Why loading failed says more than that the call then found no script.
            _ = try results[0].get()
            return try results[1].get()
        }
    }
}
