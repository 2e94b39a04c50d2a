import Documents
import FoundationEssentials
import RawJSON

/// Reads one kind of report: finds or requests it, waits without holding anything, fetches its address, and downloads it
/// row by row. Every step is committed before the next, so a crash repeats one request at most.
struct AmazonReports {
    let report: AmazonReport
    let read: StreamRead
    let cursor: AmazonReportCursor

    private static let reasonBytesMax = 256 * 1024
    private static let documentBytesMax = 8 << 30

    init(_ report: AmazonReport, _ read: StreamRead) {
        self.report = report
        self.read = read
        cursor = read.cursor?.decode(AmazonReportCursor.self) ?? AmazonReportCursor()
    }

    // MARK: - Asking

    func nextStep() throws(ReadFailure) -> Step {
        guard report.isFound || AmazonMarketplaces(read) != nil else { return Step([AmazonMarketplaces.request]) }
        var cursor = cursor
        cursor.open(report, now: read.now)
        let phase = phaseToAsk(cursor)
        let purpose = phase.rawValue
        switch phase {
        case .scout:
            let from = AmazonTime.floor(read.now.addingTimeInterval(-AmazonReport.historySeconds))
            return Step([metrics(from, cursor.upTo ?? read.now, "Month", purpose)])
        case .check:
            return Step([metrics(cursor.from ?? read.now, cursor.to ?? read.now, "Total", purpose)])
        case .find: return Step([find(cursor, purpose)])
        case .request: return Step([try create(cursor, purpose)])
        case .poll: return Step([AmazonOperation.getReport.request(id: cursor.reportID ?? "", purpose: purpose)])
        case .link, .reasonLink:
            return Step([AmazonOperation.getReportDocument.request(id: cursor.documentID ?? "", purpose: purpose)])
        case .reason:
            return Step([
                AmazonOperation.download(cursor.url ?? "", purpose: purpose, bytesMax: Self.reasonBytesMax)
            ])
        case .download:
            return Step(
                download: AmazonOperation.download(
                    cursor.url ?? "", purpose: purpose, bytesMax: Self.documentBytesMax),
                with: AmazonReportReader(self, cursor))
        }
    }

    /// What the cursor says, unless what that takes is not there (any more).
    private func phaseToAsk(_ cursor: AmazonReportCursor) -> AmazonReportCursor.Phase {
        switch cursor.phase {
        case .find where report.windowSeconds != nil && cursor.through == nil && !cursor.isScouted: return .scout
        case .poll where cursor.reportID == nil: return .find
        case .link where cursor.documentID == nil, .reasonLink where cursor.documentID == nil: return .find
        case .download, .reason:
            guard cursor.documentID != nil else { return .find }
            let age = cursor.urlAt.map { read.now.timeIntervalSince($0) } ?? .infinity
            // The address lives five minutes, and a new one costs a minute's wait: it is not used at the last moment.
            if cursor.url == nil || age > AmazonReportCursor.linkSecondsMax {
                return cursor.phase == .download ? .link : .reasonLink
            }
            return cursor.phase
        default: return cursor.phase
        }
    }

    /// Marketplaces of the report under way.
    func marketplaces(_ cursor: AmazonReportCursor) -> [String] {
        guard let all = AmazonMarketplaces(read)?.ids else { return [] }
        return report.isSnapshot ? Array(all.dropFirst(cursor.unit).prefix(1)) : all
    }

    private func metrics(_ from: Date, _ to: Date, _ granularity: String, _ purpose: String) -> PlatformRequest {
        AmazonOperation.getOrderMetrics.request(
            query: [
                ("marketplaceIds", AmazonMarketplaces(read)?.list ?? ""),
                ("interval", "\(AmazonTime.format(from))--\(AmazonTime.format(to))"), ("granularity", granularity),
                ("granularityTimeZone", "UTC"),
            ], purpose: purpose)
    }

    /// A page token is sent alone: anything beside it is refused.
    private func find(_ cursor: AmazonReportCursor, _ purpose: String) -> PlatformRequest {
        if let token = cursor.token {
            return AmazonOperation.getReports.request(query: [("nextToken", token)], purpose: purpose)
        }
        var query: [(name: String, value: String)] = [("reportTypes", report.type), ("pageSize", "100")]
        let since: Date
        switch report.source {
        case .windows: since = read.now.addingTimeInterval(-3 * 86_400)
        case .snapshot: since = cursor.startedAt?.addingTimeInterval(-1800) ?? read.now
        case .found:
            let earliest = read.now.addingTimeInterval(-AmazonReport.listSeconds)
            since = max(earliest, cursor.through?.addingTimeInterval(-86_400) ?? earliest)
        }
        query.append(("processingStatuses", report.isFound ? "DONE" : "DONE,IN_QUEUE,IN_PROGRESS"))
        query.append(("createdSince", AmazonTime.format(since)))
        return AmazonOperation.getReports.request(query: query, purpose: purpose)
    }

    private func create(_ cursor: AmazonReportCursor, _ purpose: String) throws(ReadFailure) -> PlatformRequest {
        let ids = marketplaces(cursor).map { "\"\($0)\"" }.joined(separator: ",")
        var body = "{\"reportType\":\"\(report.type)\",\"marketplaceIds\":[\(ids)]"
        if report.windowSeconds != nil, let from = cursor.from, let to = cursor.to {
            body += ",\"dataStartTime\":\"\(AmazonTime.format(from))\",\"dataEndTime\":\"\(AmazonTime.format(to))\""
        }
        return AmazonOperation.createReport.request(body: Array((body + "}").utf8), purpose: purpose)
    }

    // MARK: - Reading

    func page(from exchange: Exchange, _ rules: RuleBook) throws(ReadFailure) -> Page {
        let page = try answer(from: exchange, rules)
        // A stream goes on without a window that cannot be had; a window that was asked for is not read then.
        if cursor.isPast == true, let error = page.degradation, error.code == .reportFailed {
            throw ReadFailure(error, lessons: page.lessons)
        }
        return page
    }

    private func answer(from exchange: Exchange, _ rules: RuleBook) throws(ReadFailure) -> Page {
        if exchange.request.purpose == AmazonMarketplaces.purpose {
            return try AmazonMarketplaces.page(from: exchange, rules, in: read)
        }
        var cursor = cursor
        cursor.open(report, now: exchange.response.requestedAt)
        let phase = AmazonReportCursor.Phase(rawValue: exchange.request.purpose) ?? .find
        switch phase {
        case .download: throw refusedDownload(exchange, rules, cursor)
        case .reason: return try reasonPage(exchange, rules, cursor)
        default: break
        }
        let answer: AmazonAnswer
        do throws(ReadFailure) {
            answer = try AmazonAnswer(exchange, rules, resource: report.resource)
        } catch {
            return try pageWithout(error, phase, cursor, at: exchange.response.requestedAt)
        }
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false, lessons: answer.lessons)
        switch phase {
        case .scout: try scouted(answer, exchange, &cursor, &page)
        case .check: try checked(answer, exchange, &cursor, &page)
        case .find: try found(answer, exchange, &cursor, &page)
        case .request: try requested(answer, exchange, &cursor, &page)
        case .poll: try polled(answer, exchange, &cursor, &page)
        default: try linked(answer, exchange, phase, &cursor, &page)
        }
        page.cursor = try Cursor(encoding: cursor)
        return page
    }

    private func scouted(
        _ answer: AmazonAnswer, _ exchange: Exchange, _ cursor: inout AmazonReportCursor, _ page: inout Page
    ) throws(ReadFailure) {
        let first = try sales(answer, exchange).first { $0.orders > 0 }
        cursor.isScouted = true
        tellClamp(&cursor, &page, "Amazon has order data of the last two years only", exchange)
        let isTooEarly = first?.from.flatMap { start in cursor.upTo.map { start >= $0 } } ?? false
        guard let first, !isTooEarly else {
            // Nothing was ever sold, or nothing yet in a window of the past.
            cursor.from = cursor.from ?? cursor.upTo
            cursor.to = cursor.upTo
            complete(&cursor, &page, count: 0)
            return
        }
        // The first interval may begin before the time asked for.
        if let start = first.from, let from = cursor.from, start > from {
            cursor.from = start
            cursor.to = nil
            cursor.open(report, now: answer.askedAt)
        }
    }

    private func checked(
        _ answer: AmazonAnswer, _ exchange: Exchange, _ cursor: inout AmazonReportCursor, _ page: inout Page
    ) throws(ReadFailure) {
        let orders = try sales(answer, exchange).reduce(0) { $0 + $1.orders }
        if orders == 0 || cursor.cancels > 1 {
            if orders > 0 {
                page.flags.append(
                    UnifiedError(
                        .reportEmpty, "the report was cancelled twice although there were orders in its window",
                        route: exchange.request.route
                    ).asFlag)
            }
            complete(&cursor, &page, count: 0)
            return
        }
        // Cancelled for another reason, most likely because it was asked for too often.
        cursor.forgetReport()
        cursor.phase = .request
        page.resumeAt = answer.askedAt.addingTimeInterval(1800)
    }

    /// Months or totals with their orders; an interval's end may stand before its beginning.
    private func sales(
        _ answer: AmazonAnswer, _ exchange: Exchange
    ) throws(ReadFailure) -> [(from: Date?, orders: Int64)] {
        guard let entries = try? answer.root["payload"]?.elements() else {
            throw answer.malformed("payload", exchange)
        }
        return entries.map { entry in
            let start = entry["interval"]?.string.flatMap { $0.firstRange(of: "--").map { range in range.lowerBound } }
            let text = start.flatMap { end in entry["interval"]?.string.map { String($0[..<end]) } }
            return (AmazonTime.parse(text), max(0, min(entry["orderCount"]?.int64 ?? 0, 1 << 40)))
        }
    }

    private func requested(
        _ answer: AmazonAnswer, _ exchange: Exchange, _ cursor: inout AmazonReportCursor, _ page: inout Page
    ) throws(ReadFailure) {
        guard let id = AmazonAnswer.identifier(answer.root["reportId"]) else {
            throw answer.malformed("report id", exchange)
        }
        cursor.forgetReport()
        cursor.reportID = id
        cursor.requestedAt = AmazonTime.floor(answer.askedAt)
        cursor.phase = .poll
        page.resumeAt = answer.askedAt.addingTimeInterval(AmazonReportCursor.pauses[0])
    }

    private func polled(
        _ answer: AmazonAnswer, _ exchange: Exchange, _ cursor: inout AmazonReportCursor, _ page: inout Page
    ) throws(ReadFailure) {
        guard let status = answer.root["processingStatus"]?.string else {
            throw answer.malformed("processing status", exchange)
        }
        let document = AmazonAnswer.identifier(answer.root["reportDocumentId"])
        switch status {
        case "DONE":
            guard let document else { throw answer.malformed("report document", exchange) }
            cursor.documentID = document
            cursor.phase = .link
        case "CANCELLED": cancelled(&cursor, &page, at: answer.askedAt)
        case "FATAL":
            if let document {
                cursor.documentID = document
                cursor.phase = .reasonLink
            } else {
                failed("Amazon could not make the report and does not say why", &cursor, &page, at: answer.askedAt)
            }
        default:
            let waited = cursor.requestedAt.map { answer.askedAt.timeIntervalSince($0) } ?? 0
            if waited > AmazonReportCursor.waitSecondsMax {
                failed("the report was not made in twelve hours", &cursor, &page, at: answer.askedAt)
                return
            }
            cursor.polls += 1
            let pause = AmazonReportCursor.pauses[min(cursor.polls, AmazonReportCursor.pauses.count - 1)]
            page.resumeAt = answer.askedAt.addingTimeInterval(pause)
        }
    }

    private func linked(
        _ answer: AmazonAnswer, _ exchange: Exchange, _ phase: AmazonReportCursor.Phase,
        _ cursor: inout AmazonReportCursor, _ page: inout Page
    ) throws(ReadFailure) {
        guard let url = answer.root["url"]?.string, url.hasPrefix("https://") || url.hasPrefix("http://"),
            url.utf8.count <= 8192, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw answer.malformed("address", exchange) }
        cursor.links += 1
        if cursor.links > AmazonReportCursor.linksMax {
            failed("the document could not be downloaded", &cursor, &page, at: answer.askedAt)
            return
        }
        cursor.url = url
        cursor.urlAt = answer.askedAt
        cursor.phase = phase == .reasonLink ? .reason : .download
    }
}
