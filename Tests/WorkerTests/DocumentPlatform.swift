import FoundationEssentials
import Platforms
import RawJSON

/// A platform with reports: `/request` starts one, `/poll` says whether it is there, and then it is downloaded from an
/// address elsewhere, a record a line.
struct DocumentPlatform: Platform {
    let key = "lines"
    let name = "Documents"
    let apiVersion = "1"
    let buckets: [Bucket] = []
    let hosting = Hosting.selfHosted
    let authentication = Authentication(
        fields: [.init(name: "token", help: "Any.")], placement: .header(name: "X-Token", field: "token"))
    let resources = [Resource("orders", kind: .report, freshnessTarget: .seconds(60))]
    /// Records to a page.
    var pageSize = 2

    struct State: Codable {
        var url: String?
        var isRequested = false
        /// Records of the document that are stored.
        var stored = 0
    }

    func state(_ read: StreamRead) -> State { read.cursor?.decode(State.self) ?? State() }

    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        let state = state(read)
        let name = state.url != nil ? "download" : state.isRequested ? "poll" : "request"
        var request = PlatformRequest(.get, path: "/\(name)", route: "/\(name)", purpose: name, demands: [])
        request.url = state.url
        guard state.url != nil else { return Step([request]) }
        return Step(download: request, with: LineReader(state: state, pageSize: pageSize))
    }

    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        let response = exchanges[0].response
        var state = state(read)
        if state.url != nil {
            // The link has run out: the next one is asked for, and what is stored stays stored.
            state.url = nil
            throw ReadFailure(
                UnifiedError(.platformInternal, "status \(response.status)"), goOnWith: try Cursor(encoding: state))
        }
        state.isRequested = true
        let text = String(decoding: response.body.bytes, as: UTF8.self)
        if text.hasPrefix("https://") { state.url = text }
        return Page(
            cursor: try Cursor(encoding: state), isCaughtUp: false,
            resumeAt: state.url == nil ? read.now + 100 : nil)
    }

    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { preconditionFailure("there is none") }
}

private struct LineReader: DocumentReader {
    var state: DocumentPlatform.State
    let pageSize: Int
    private var rest: [UInt8] = []
    private var lines: [[UInt8]] = []
    private var read = 0
    private var fetchedAt = Date(timeIntervalSince1970: 0)
    private var isWhole = false
    private var isOver = false

    init(state: DocumentPlatform.State, pageSize: Int) {
        self.state = state
        self.pageSize = pageSize
    }

    mutating func begin(_ head: PlatformResponse) throws(ReadFailure) { fetchedAt = head.requestedAt }

    mutating func take(_ bytes: [UInt8]) throws(ReadFailure) {
        rest += bytes
        while let end = rest.firstIndex(of: 10) {
            read += 1
            if read > state.stored { lines.append(Array(rest[..<end])) }
            rest.removeFirst(end + 1)
        }
    }

    mutating func finish() throws(ReadFailure) { isWhole = true }

    mutating func nextPage() -> Page? {
        guard !isOver, isWhole || lines.count >= pageSize else { return nil }
        let page = lines.prefix(pageSize)
        lines.removeFirst(page.count)
        let records = page.map {
            Record(
                resource: "orders", id: String(decoding: $0, as: UTF8.self), updatedAt: nil, createdAt: nil,
                payload: ByteSlice(copying: Array(#"{"id": "\#(String(decoding: $0, as: UTF8.self))"}"#.utf8)),
                fetchedAt: fetchedAt)
        }
        state.stored += records.count
        isOver = isWhole && lines.isEmpty
        guard let cursor = try? Cursor(encoding: isOver ? DocumentPlatform.State() : state) else { return nil }
        return Page(records: records, cursor: cursor, isCaughtUp: isOver)
    }
}
