import FoundationEssentials
import HTTP
import Platforms
import RawJSON
import Synchronization

@testable import Worker

/// A platform whose orders are one every six hours, and can be asked for by windows; its notes cannot.
struct CalendarPlatform: Platform {
    var reach: Duration?
    var windowMax: Duration? = .seconds(40 * 86_400)
    let key = "lines"
    let name = "Calendar"
    let apiVersion = "1"
    let hosting = Hosting.selfHosted
    let buckets: [Bucket] = []
    let authentication = Authentication(
        fields: [.init(name: "token", help: "Any.")], placement: .header(name: "X-Token", field: "token"))
    var resources: [Resource] {
        [
            Resource(
                "orders", freshnessTarget: .seconds(60),
                history: History(by: .created, windowMax: windowMax, reach: reach, firstWindow: .seconds(86_400))),
            Resource("notes", freshnessTarget: .seconds(60)),
        ]
    }

    private struct Position: Codable {
        /// Seconds since 1970; nil for an open beginning.
        var from: Double?
        var to: Double?
        var page = 1
    }

    func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try Cursor(
            encoding: Position(from: window.from?.timeIntervalSince1970, to: window.to.timeIntervalSince1970))
    }

    func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try Cursor(encoding: Position(from: start.timeIntervalSince1970))
    }

    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        let position = read.cursor?.decode(Position.self) ?? Position()
        let query = [
            ("page", "\(position.page)"), ("resource", read.resource),
            ("from", position.from.map { "\(Int($0))" } ?? ""), ("to", position.to.map { "\(Int($0))" } ?? ""),
        ]
        return Step([
            PlatformRequest(.get, path: "/list", query: query, route: "/list", purpose: "list", demands: [])
        ])
    }

    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        let response = exchanges[0].response
        let code: ErrorCode? =
            switch response.status {
            case 200: nil
            case 401: .authCredentialsInvalid
            case 403: .authScopeMissing
            case 413: .dataTooLarge
            default: .requestInvalid
            }
        if let code {
            throw ReadFailure(UnifiedError(code, "status \(response.status)", httpStatus: response.status))
        }
        var position = read.cursor?.decode(Position.self) ?? Position()
        position.page += 1
        let text = String(decoding: response.body.bytes, as: UTF8.self)
        let records = text.split(separator: "\n").map { line in
            Record(
                resource: read.resource, id: String(line), updatedAt: nil,
                createdAt: Double(line).map { Date(timeIntervalSince1970: $0) },
                payload: ByteSlice(copying: Array("{\"id\":\"\(line)\"}".utf8)), fetchedAt: response.requestedAt)
        }
        let isLast = response.header("X-More") == nil
        return Page(
            records: records, cursor: try Cursor(encoding: position), isCaughtUp: isLast,
            syncedThrough: isLast ? response.requestedAt : nil)
    }

    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        preconditionFailure("there is no such store")
    }
}

/// The calendar's server: pages of ten. What a test says comes first.
final class CalendarServer: Transport {
    struct Asked: Sendable, Equatable {
        let resource: String
        let from: Int?
        let to: Int?
        let page: Int
    }

    static let step = 6 * 3600

    private let first: Int
    private let end: Int
    private let asked = Mutex<[Asked]>([])
    private let refusal: @Sendable (Asked) async throws(HTTPError) -> Int?

    /// - Parameters:
    ///   - refusal: the status a request is refused with; nil: it is answered.
    init(
        _ first: Int, _ end: Int,
        refusal: @escaping @Sendable (Asked) async throws(HTTPError) -> Int? = { _ throws(HTTPError) in nil }
    ) {
        self.first = first
        self.end = end
        self.refusal = refusal
    }

    var requests: [Asked] { asked.withLock { $0 } }
    /// Windows of which the first page was asked for, in order.
    var windows: [Asked] { requests.filter { $0.page == 1 } }

    /// The orders of a window.
    func orders(_ from: Int?, _ to: Int?) -> [Int] {
        let low = max(first, from ?? first)
        let start = (low + Self.step - 1) / Self.step * Self.step
        return Array(stride(from: start, to: min(end, to ?? end), by: Self.step))
    }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange {
        let items = URLComponents(string: request.url)?.queryItems ?? []
        func value(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
        let one = Asked(
            resource: value("resource"), from: Int(value("from")), to: Int(value("to")), page: Int(value("page")) ?? 1)
        asked.withLock { $0.append(one) }
        if let status = try await refusal(one) {
            return HTTPExchange(head: HTTPResponseHead(status: status, headers: []), body: [])
        }
        let all = one.resource == "orders" ? orders(one.from, one.to) : Array(1...15)
        let rows = all.dropFirst((one.page - 1) * 10)
        return HTTPExchange(
            head: HTTPResponseHead(status: 200, headers: rows.count > 10 ? [("X-More", "yes")] : []),
            body: Array(rows.prefix(10).map(String.init).joined(separator: "\n").utf8))
    }

    func stream<Value>(
        _ request: HTTPRequest, _ read: (HTTPResponseHead, inout any BodyPieces) async throws -> Value
    ) async throws -> Value {
        preconditionFailure("nothing is downloaded here")
    }
}
