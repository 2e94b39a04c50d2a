import FoundationEssentials
import Platforms
import RawJSON

/// A platform small enough to see through: page N of its orders is the lines of the answer to `/orders?page=N`.
///
/// 200 is a page; a header says that there is more. 418 asks to go on with page 100 more, and so does no answer in time;
/// every other status is the error of that status.
struct LinesPlatform: Platform {
    var key = "lines"
    var buckets: [Bucket] = []
    let name = "Lines"
    let apiVersion = "1"
    let hosting = Hosting.selfHosted
    let authentication = Authentication(
        fields: [.init(name: "token", help: "Any.")], placement: .header(name: "X-Token", field: "token"))
    let resources = [Resource("orders", freshnessTarget: .seconds(60))]

    private struct Position: Codable { var page: Int }

    private func position(_ read: StreamRead) -> Int { read.cursor?.decode(Position.self)?.page ?? 1 }

    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        Step([
            PlatformRequest(
                .get, path: "/orders", query: [("page", "\(position(read))")], route: "/orders", purpose: "list",
                demands: buckets.map { BucketDemand($0.name) })
        ])
    }

    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        let response = exchanges[0].response
        let page = position(read)
        if response.status == 418 {
            throw ReadFailure(
                UnifiedError(.dataTooLarge, "a smaller page, please"),
                goOnWith: try Cursor(encoding: Position(page: page + 100)))
        }
        if let code = ErrorCode.forStatus(response.status) {
            let seconds = response.header("Retry-After").flatMap { Int($0) }
            throw ReadFailure(
                UnifiedError(
                    code, "status \(response.status)", httpStatus: response.status, route: "/orders",
                    retryAfter: seconds.map { .seconds($0) }))
        }
        let isLast = response.header("X-More") == nil
        return Page(
            records: records(response, page), cursor: try Cursor(encoding: Position(page: page + 1)),
            isCaughtUp: isLast,
            syncedThrough: isLast ? response.requestedAt : nil)
    }

    func cursorAfterSilence(in read: StreamRead) -> Cursor? {
        try? Cursor(encoding: Position(page: position(read) + 100))
    }

    private func records(_ response: PlatformResponse, _ page: Int) -> [Record] {
        var records: [Record] = []
        var start = 0
        let bytes = response.body.bytes
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            records.append(
                Record(
                    resource: "orders", id: "\(page)-\(records.count)", updatedAt: nil, createdAt: nil,
                    payload: ByteSlice(owner: response.body, range: start..<end), fetchedAt: response.requestedAt))
            start = end + 1
        }
        return records
    }

    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        preconditionFailure("there is no such store")
    }
}

extension ErrorCode {
    /// What a status of the toy platform means. Nil for success.
    fileprivate static func forStatus(_ status: Int) -> ErrorCode? {
        switch status {
        case 200..<300: nil
        case 300..<400: .redirectRefused
        case 400, 405, 406, 409, 411, 413, 414, 415, 422: .requestInvalid
        case 401: .authCredentialsInvalid
        case 402: .accountSuspended
        case 403: .authScopeMissing
        case 404, 410: .platformEndpointGone
        case 408, 504: .platformTimeout
        case 423: .accountSuspended
        case 425, 429: .rateLimitedNoHint
        case 430: .blockedWAF
        case 500, 501, 520...527: .platformInternal
        case 502, 503, 530, 540: .platformUnavailable
        default: .unclassified
        }
    }
}
