/// How the statements of a pipeline depend on each other.
package enum PostgresPipelineGrouping: Sendable {
    /// One group: outside an explicit transaction it is one of its own, so a failure undoes the statements before it
    /// as well, and those after it are not run.
    case together
    /// Each statement by itself: a failure concerns no other, unless an explicit transaction is open.
    case separately
}

extension PostgresConnection {
    /// Sends many statements in one round trip and returns their results in order.
    ///
    /// **Errors**: a failed statement's own error, `pipelineAborted` for those not run because of it, as elements of
    /// the result; thrown is what concerns the whole: `connectionLost`, `timedOut`, `cancelled`, `encode`. Nothing is
    /// retried. With `.together` outside a transaction, any failure among the results means that nothing was kept.
    ///
    /// - Parameter timeLimit: for all of it together; overrides the configuration's `statementTimeLimit`.
    package nonisolated func queryAll(
        _ list: [PostgresStatement], grouping: PostgresPipelineGrouping = .together, timeLimit: Duration? = nil
    ) async throws(PostgresError) -> [Result<PostgresRows, PostgresError>] {
        guard !list.isEmpty else { return [] }
        var requests: [PipelineRequest] = []
        requests.reserveCapacity(list.count)
        for statement in list {
            requests.append(
                PipelineRequest(text: statement.sql.text, parameters: try EncodedParameters(statement.parameters)))
        }
        return try await runPipeline(
            requests, grouping: grouping, timeLimit: timeLimit ?? configuration.statementTimeLimit)
    }

    private func runPipeline(
        _ requests: [PipelineRequest], grouping: PostgresPipelineGrouping, timeLimit: Duration?
    ) async throws(PostgresError) -> [Result<PostgresRows, PostgresError>] {
        for request in requests { try checkText(request.text) }
        try await raiseServerLimit(for: timeLimit)
        return try await perform(timeLimit: timeLimit) { (link, operation) throws(PostgresError) in
            guard link.enterPipeline() else { throw Self.sendFailed }
            let plan = try send(requests, grouping: grouping, link)
            var results: [Result<PostgresRows, PostgresError>] = []
            results.reserveCapacity(requests.count)
            for (request, step) in zip(requests, plan) {
                let result = try receive(request, step, &operation)
                if case .failure(let error) = result { forgetIfStale(error, request.text, request.parameters) }
                results.append(result)
                if step.endsGroup { try receiveSync(&operation) }
            }
            guard link.exitPipeline() else { throw Self.sendFailed }
            if operation.stopReason != nil,
                let stopped = results.lazy.compactMap(\.postgresFailure).first(where: { $0.sqlState == "57014" })
            {
                // Everything after it was aborted or, sent separately, may have run: the whole call counts as stopped.
                throw stopped
            }
            return results
        }
    }

    /// Queues every statement; libpq keeps what the socket does not take yet, and reading the results sends the rest.
    private func send(
        _ requests: [PipelineRequest], grouping: PostgresPipelineGrouping, _ link: ServerLink
    ) throws(PostgresError) -> [PipelineStep] {
        var steps: [PipelineStep] = []
        for (index, request) in requests.enumerated() {
            var step = PipelineStep(endsGroup: grouping == .separately || index == requests.count - 1)
            let known = usesNamedStatements ? statements.name(of: request.text, request.parameters) : nil
            var isSent: Bool
            if let known {
                isSent = link.sendPrepared(name: known, request.parameters)
            } else if usesNamedStatements, !statements.isFull {
                let name = statements.makeName()
                step.preparedName = name
                isSent =
                    link.sendPrepare(name: name, request.text, request.parameters)
                    && link.sendPrepared(name: name, request.parameters)
            } else {
                isSent = link.sendQuery(request.text, request.parameters)
            }
            if step.endsGroup { isSent = isSent && link.sendPipelineSync() }
            guard isSent else { throw Self.sendFailed }
            steps.append(step)
        }
        return steps
    }

    /// Reads the results of one statement, those of its preparation first.
    private func receive(
        _ request: PipelineRequest, _ step: PipelineStep, _ operation: inout Operation
    ) throws(PostgresError) -> Result<PostgresRows, PostgresError> {
        if let name = step.preparedName {
            switch try operation.collectPipelined() {
            case .success:
                statements.insert(name, for: request.text, request.parameters)
            case .failure(let error):
                _ = try operation.collectPipelined()  // the statement itself, aborted with its preparation
                return .failure(error)
            }
        }
        return try operation.collectPipelined()
    }

    private func receiveSync(_ operation: inout Operation) throws(PostgresError) {
        guard let result = try operation.nextResult(), result.status == .pipelineSync else {
            throw PostgresError(.connectionLost, "the pipeline lost its step")
        }
    }
}

private struct PipelineRequest: Sendable {
    let text: String
    let parameters: EncodedParameters
}

private struct PipelineStep {
    /// A synchronisation point follows.
    let endsGroup: Bool
    /// The name under which the statement was prepared on the way; nil if it was known already, or is unnamed.
    var preparedName: String?

    init(endsGroup: Bool) { self.endsGroup = endsGroup }
}

extension Result where Failure == PostgresError {
    /// The error, if it is one.
    fileprivate var postgresFailure: PostgresError? {
        if case .failure(let error) = self { error } else { nil }
    }
}

extension Operation {
    /// Reads one pipelined statement's results up to the nil that ends them.
    fileprivate mutating func collectPipelined() throws(PostgresError) -> Result<PostgresRows, PostgresError> {
        var outcome: Result<PostgresRows, PostgresError>?
        while let result = try nextResult() {
            switch result.status {
            case .rows, .command, .empty: outcome = outcome ?? .success(result.rows())
            case .failed:
                let error = result.error()
                guard error.code == .server else { throw error }
                outcome = .failure(error)
            case .pipelineAborted:
                outcome = .failure(
                    PostgresError(.pipelineAborted, "not run, because an earlier statement of the pipeline failed"))
            case .pipelineSync, .copyIn, .copyOther:
                throw PostgresError(.misuse, "COPY is not possible in a pipeline")
            }
        }
        guard let outcome else { throw PostgresError(.connectionLost, "the pipeline lost its step") }
        return outcome
    }
}
