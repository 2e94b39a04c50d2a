import Documents
import FoundationEssentials
import RawJSON

/// Rows of a report while it arrives: each becomes a record with the header's names as members.
struct AmazonReportReader: DocumentReader {
    private let reports: AmazonReports
    private var cursor: AmazonReportCursor
    private var reader: DelimitedReader?
    private var fetchedAt = Date.distantPast
    private var header: RowHeader?
    /// Where the key's columns and the row's last change stand.
    private var keyColumns: [Int] = []
    private var updatedColumn: Int?
    private let prefix: String
    private var keys = RecentKeys()
    /// Rows passed, stored ones included.
    private var position = 0
    private var json: [UInt8] = []
    private var drafts: [Draft] = []
    private var isFinished = false
    private var isEnded = false

    private static let rowsPerPage = 1000
    private static let bytesPerPage = 1 << 20

    private struct Draft {
        let id: String
        let end: Int
        let updatedAt: Date?
    }

    init(_ reports: AmazonReports, _ cursor: AmazonReportCursor) {
        self.reports = reports
        self.cursor = cursor
        prefix = reports.report.isSnapshot ? (reports.marketplaces(cursor).first ?? "") + ":" : ""
    }

    mutating func begin(_ head: PlatformResponse) throws(ReadFailure) {
        fetchedAt = head.requestedAt
        // What the header says of the packing is not to be trusted; what it says of the characters is.
        let charset = head.header("content-type").flatMap { Charset(contentType: $0) }
        reader = DelimitedReader(reports.report.dialect, charset: charset)
    }

    mutating func take(_ bytes: [UInt8]) throws(ReadFailure) { reader?.feed(bytes) }

    mutating func finish() throws(ReadFailure) {
        reader?.finish()
        isFinished = true
    }

    mutating func nextPage() -> Page? {
        guard let reader, !isEnded else { return nil }
        do throws(DocumentError) {
            while drafts.count < Self.rowsPerPage, json.count < Self.bytesPerPage {
                guard try reader.next({ text, fields in take(text, fields) }) != nil else {
                    return isFinished ? lastPage(reader) : nil
                }
            }
            return page()
        } catch {
            return brokenPage(error)
        }
    }

    // MARK: - Rows

    private mutating func take(_ text: UnsafeBufferPointer<UInt8>, _ fields: [Range<Int>]) {
        guard let header else {
            readHeader(text, fields)
            return
        }
        defer { position += 1 }
        let id = key(text, fields)
        guard position >= cursor.rows else { return }
        header.append(text, fields, to: &json)
        let updated = updatedColumn.flatMap { $0 < fields.count ? AmazonTime.parse(text[fields[$0]]) : nil }
        drafts.append(Draft(id: id, end: json.count, updatedAt: updated))
    }

    private mutating func readHeader(_ text: UnsafeBufferPointer<UInt8>, _ fields: [Range<Int>]) {
        let names = fields.map { String(decoding: text[$0], as: UTF8.self) }
        let header = RowHeader(names, aliases: AmazonReport.aliases)
        self.header = header
        keyColumns = reports.report.keys.compactMap { header.keys.firstIndex(of: $0) }
        updatedColumn = reports.report.updated.flatMap { header.keys.firstIndex(of: $0) }
    }

    /// The row's key: the values of its columns, and a number for those that come again. Rows of settlements are
    /// numbered from the beginning, since nothing in them is unique.
    private mutating func key(_ text: UnsafeBufferPointer<UInt8>, _ fields: [Range<Int>]) -> String {
        if reports.report.isFound {
            let number = String(position)
            let settlement = keyColumns.first.flatMap { $0 < fields.count ? Self.part(text[fields[$0]]) : nil } ?? ""
            let name = settlement.isEmpty ? cursor.reportID ?? "" : settlement
            return "\(name):" + String(repeating: "0", count: max(0, 7 - number.utf8.count)) + number
        }
        var key = prefix
        var isEmpty = true
        for (index, column) in keyColumns.enumerated() {
            if index > 0 { key += ":" }
            guard column < fields.count else { continue }
            let part = Self.part(text[fields[column]])
            if !part.isEmpty { isEmpty = false }
            key += part
        }
        if isEmpty || key.utf8.count > 400 {
            // A header in a language nobody has told us about: the content is the key.
            let hash = fields.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { hash, field in
                text[field].reduce(hash &* 31) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            }
            key = prefix + "row:" + String(hash, radix: 16)
        }
        let number = keys.count(key)
        return number == 1 ? key : "\(key):\(number)"
    }

    /// A value as part of a key: without the characters that keys are put together with.
    private static func part(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        let isPlain = bytes.allSatisfy { $0 > 0x20 && $0 != 0x25 && $0 != 0x2F && $0 != 0x3A }
        let text = String(decoding: bytes, as: UTF8.self)
        if isPlain { return text }
        var part = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": part += "%25"
            case "/": part += "%2F"
            case ":": part += "%3A"
            case let control where control.value < 0x20: part += "%0"
            default: part.unicodeScalars.append(scalar)
            }
        }
        return part
    }

    // MARK: - Pages

    private mutating func records() -> [Record] {
        let owner = PaddedBytes(json)
        var start = 0
        let records = drafts.map { draft in
            defer { start = draft.end }
            return Record(
                resource: reports.report.resource, id: draft.id, updatedAt: draft.updatedAt, createdAt: nil,
                payload: ByteSlice(owner: owner, range: start..<draft.end), fetchedAt: fetchedAt)
        }
        cursor.rows = max(cursor.rows, position)
        json.removeAll(keepingCapacity: true)
        drafts.removeAll(keepingCapacity: true)
        return records
    }

    private mutating func page() -> Page {
        var page = Page(records: records(), cursor: Cursor(json: "{}"), isCaughtUp: false)
        if reports.report.isSnapshot, let startedAt = cursor.startedAt {
            page.sweep = SweepPart(startedAt: startedAt, resources: [reports.report.resource])
        }
        return with(cursor, page)
    }

    private mutating func lastPage(_ reader: DelimitedReader) -> Page {
        isEnded = true
        var page = Page(records: records(), cursor: Cursor(json: "{}"), isCaughtUp: false)
        if reader.charset.invalidCount > 0 {
            page.flags.append(
                UnifiedError(
                    .dataSanitised,
                    "\(reader.charset.invalidCount) places of a report are not in the encoding it declares",
                    route: AmazonOperation.downloadDocument.route))
        }
        if reader.charset.isUnknown {
            page.flags.append(
                UnifiedError(
                    .platformContractChanged, "a report declares an encoding that is not known here",
                    route: AmazonOperation.downloadDocument.route))
        }
        reports.complete(&cursor, &page, count: position)
        return with(cursor, page)
    }

    /// What was read until then counts; the rest is asked for again.
    private mutating func brokenPage(_ error: DocumentError) -> Page {
        isEnded = true
        var page = Page(records: records(), cursor: Cursor(json: "{}"), isCaughtUp: false)
        if reports.report.isSnapshot, let startedAt = cursor.startedAt {
            page.sweep = SweepPart(startedAt: startedAt, resources: [reports.report.resource])
        }
        page.flags.append(
            UnifiedError(.dataMalformed, "\(error)", route: AmazonOperation.downloadDocument.route).asFlag)
        // The same document from another address; `links` bounds how often.
        cursor.url = nil
        cursor.phase = .link
        page.resumeAt = fetchedAt.addingTimeInterval(60)
        return with(cursor, page)
    }

    private func with(_ cursor: AmazonReportCursor, _ page: Page) -> Page {
        var page = page
        // What is in it came out of a cursor, or is a number.
        do throws(ReadFailure) {
            page.cursor = try Cursor(encoding: cursor)
        } catch {
            page.cursor = reports.read.cursor ?? page.cursor
            page.flags.append(error.error.asFlag)
        }
        return page
    }
}

/// How often each of the last keys has come: what comes again does so nearby, and a report may have millions of rows.
struct RecentKeys: Sendable {
    private static let capacity = 65_536

    private var counts: [Int: UInt32] = [:]
    private var order: [Int] = []
    private var oldest = 0

    /// The number of this occurrence, from 1.
    mutating func count(_ key: String) -> UInt32 {
        // FNV-1a: the same in every process, so that a report that is read again gets the same numbers.
        let hash = Int(
            truncatingIfNeeded: key.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            })
        if let known = counts[hash] {
            counts[hash] = known + 1
            return known + 1
        }
        if order.count < Self.capacity {
            order.append(hash)
        } else {
            counts[order[oldest]] = nil
            order[oldest] = hash
            oldest = (oldest + 1) % Self.capacity
        }
        counts[hash] = 1
        return 1
    }
}
