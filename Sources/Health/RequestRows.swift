internal import FoundationEssentials
internal import Postgres

/// Traces as the parameters of one statement: an array a column.
struct RequestRows {
    static let statement: SQL = """
        select portolan.record_requests($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                                        $19, $20, $21)
        """

    private let traces: [RequestTrace]

    init(_ traces: [RequestTrace]) { self.traces = traces }

    func parameters(worker: UUID) -> [any PostgresEncodable] {
        [
            worker, traces.map(\.sentAt), traces.map(\.subject.platform), traces.map(\.subject.connectionID),
            traces.map(\.subject.resource), traces.map(\.subject.jobID), traces.map(\.method), traces.map(\.route),
            traces.map { $0.status.map { Int32(clamping: $0) } }, traces.map(\.errorCode), traces.map(\.requestID),
            traces.map { Int64($0.bytesSent) }, traces.map { Int64($0.bytesReceived) },
            milliseconds { $0.dns }, milliseconds { $0.connect }, milliseconds { $0.tls },
            milliseconds { $0.firstByte },
            traces.map { $0.total.inMilliseconds }, traces.map { $0.tokenWait.inMilliseconds }, traces.map(\.version),
            traces.map(\.isReused),
        ]
    }

    private func milliseconds(_ duration: (RequestTrace) -> Duration?) -> [Double?] {
        traces.map { duration($0)?.inMilliseconds }
    }
}

extension Duration {
    fileprivate var inMilliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
}
