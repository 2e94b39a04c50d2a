extension RedisClient: RedisScripting {
    package func server(forKey key: RedisArgument) async throws(RedisError) -> RedisServer {
        try await server()
    }

    package func script(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], on server: RedisServer?
    ) async throws(RedisError) -> RedisReply {
        try await self.script(
            script, keys: keys, arguments: arguments, on: server, isAsking: false, timeLimit: nil)
    }

    package func command(_ arguments: [RedisArgument], key: RedisArgument?) async throws(RedisError) -> RedisReply {
        try await command(arguments, timeLimit: nil)
    }

    package func scanKeys(matching pattern: String) async throws(RedisError) -> [String] {
        for _ in 1..<Self.scansMax {
            do throws(RedisError) {
                return try await scanOnce(pattern)
            } catch {
                guard error.code == .serverChanged else { throw error }
            }
        }
        return try await scanOnce(pattern)
    }

    private static var scansMax: Int { 3 }

    /// A cursor is the server's own: going on with it at another one would leave keys out in silence.
    private func scanOnce(_ pattern: String) async throws(RedisError) -> [String] {
        let server = try await server()
        var found: Set<String> = []
        var cursor: RedisArgument = "0"
        repeat {
            let scan: [RedisArgument] = ["SCAN", cursor, "MATCH", RedisArgument(pattern), "COUNT", 1_000]
            let parts = try await perform([scan], on: server, timeLimit: nil)[0].get().array
            guard parts.count == 2 else { throw RedisError(.protocolViolation, "SCAN answers with two parts") }
            cursor = RedisArgument(try parts[0].bytes)
            for key in try parts[1].array {
                if let text = String(validating: try key.bytes, as: UTF8.self) { found.insert(text) }
            }
        } while cursor != "0"
        return Array(found)
    }
}

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
        try await self.script(
            script, keys: keys, arguments: arguments, on: nil, isAsking: false, timeLimit: timeLimit)
    }

    /// As above; with `isAsking`, a cluster's node runs it although the slot is still another's.
    func script(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], on server: RedisServer?,
        isAsking: Bool, timeLimit: Duration?
    ) async throws(RedisError) -> RedisReply {
        let load: [RedisArgument] = ["SCRIPT", "LOAD", RedisArgument(script.source)]
        let tail = [RedisArgument(keys.count)] + keys + arguments
        let asking: [[RedisArgument]] = isAsking ? [["ASKING"]] : []
        guard let digest = script.digest else {
            let digest = try await perform([load], on: server, timeLimit: timeLimit)[0].get().string
            script.digest = digest
            let call = ["EVALSHA", RedisArgument(digest)] + tail
            return try await perform(asking + [call], on: server, timeLimit: timeLimit)[asking.count].get()
        }
        let call = asking + [["EVALSHA", RedisArgument(digest)] + tail]
        do throws(RedisError) {
            return try await perform(call, on: server, timeLimit: timeLimit)[asking.count].get()
        } catch {
            guard error.code == .noScript else { throw error }
            let results = try await perform([load] + call, on: server, timeLimit: timeLimit)
            // Why loading failed says more than that the call then found no script.
            _ = try results[0].get()
            return try results[call.count].get()
        }
    }
}
