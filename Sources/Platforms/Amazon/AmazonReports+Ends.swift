import Documents
import FoundationEssentials
import RawJSON

/// How reports are found, and how they end.
extension AmazonReports {
    // MARK: - Finding

    func found(
        _ answer: AmazonAnswer, _ exchange: Exchange, _ cursor: inout AmazonReportCursor, _ page: inout Page
    ) throws(ReadFailure) {
        guard let reports = try? answer.root["reports"]?.elements() else {
            throw answer.malformed("reports", exchange)
        }
        cursor.pages += 1
        let next = AmazonAnswer.token(answer.root["nextToken"])
        cursor.token = cursor.pages < 20 && next != cursor.token ? next : nil
        if report.isFound {
            collect(reports, exchange, &cursor, &page)
            return
        }
        for entry in reports where isWanted(entry, cursor) {
            guard let id = AmazonAnswer.identifier(entry["reportId"]), !cursor.done.contains(id) else { continue }
            let document = AmazonAnswer.identifier(entry["reportDocumentId"])
            cursor.forgetReport()
            cursor.reportID = id
            cursor.requestedAt = AmazonTime.floor(answer.askedAt)
            cursor.documentID = document
            cursor.phase = entry["processingStatus"]?.string == "DONE" && document != nil ? .link : .poll
            return
        }
        if cursor.token == nil { cursor.phase = .request }
    }

    /// Whether a report in the list is the one that would be requested.
    private func isWanted(_ entry: JSONValue, _ cursor: AmazonReportCursor) -> Bool {
        guard entry["reportType"]?.string == report.type,
            ["DONE", "IN_QUEUE", "IN_PROGRESS"].contains(entry["processingStatus"]?.string ?? "")
        else { return false }
        let listed = (try? entry["marketplaceIds"]?.elements())?.compactMap(\.string) ?? []
        guard Set(listed) == Set(marketplaces(cursor)) else { return false }
        guard report.windowSeconds != nil else { return true }
        return AmazonTime.parse(entry["dataStartTime"]?.string) == cursor.from
            && AmazonTime.parse(entry["dataEndTime"]?.string) == cursor.to
    }

    private func collect(
        _ reports: [JSONValue], _ exchange: Exchange, _ cursor: inout AmazonReportCursor, _ page: inout Page
    ) {
        for entry in reports where entry["reportType"]?.string == report.type {
            guard let id = AmazonAnswer.identifier(entry["reportId"]),
                let document = AmazonAnswer.identifier(entry["reportDocumentId"]), !cursor.done.contains(id),
                !cursor.queue.contains(where: { $0.report == id }), cursor.queue.count < AmazonReportCursor.queueMax
            else { continue }
            cursor.queue.append(.init(report: id, document: document))
        }
        tellClamp(&cursor, &page, "Amazon lists reports of the last 90 days only", exchange)
        if cursor.token == nil { takeNext(&cursor, &page) }
    }

    /// The next report of those that Amazon made, or the end.
    private func takeNext(_ cursor: inout AmazonReportCursor, _ page: inout Page) {
        cursor.closeReport()
        if let next = cursor.queue.first {
            cursor.reportID = next.report
            cursor.documentID = next.document
            cursor.phase = .link
            return
        }
        cursor.phase = .find
        cursor.through = cursor.upTo
        page.syncedThrough = cursor.upTo
        cursor.upTo = nil
        page.isCaughtUp = true
    }

    /// Said once: what is older cannot be had.
    func tellClamp(
        _ cursor: inout AmazonReportCursor, _ page: inout Page, _ sentence: String, _ exchange: Exchange
    ) {
        guard !cursor.isClampTold else { return }
        cursor.isClampTold = true
        page.flags.append(UnifiedError(.requestHistoryLimit, sentence, route: exchange.request.route).asFlag)
    }

    // MARK: - Ends

    /// The report is read, or there was nothing to report.
    func complete(_ cursor: inout AmazonReportCursor, _ page: inout Page, count: Int) {
        switch report.source {
        case .windows:
            page.coverage = [
                Coverage(
                    resource: report.resource, from: cursor.from, to: cursor.to, platformCount: nil,
                    distinctCount: count)
            ]
            closeWindow(&cursor, &page)
        case .snapshot: closeUnit(&cursor, &page)
        case .found:
            takeNext(&cursor, &page)
        }
    }

    private func closeWindow(_ cursor: inout AmazonReportCursor, _ page: inout Page) {
        let (to, upTo) = (cursor.to, cursor.upTo)
        cursor.closeReport()
        cursor.through = to ?? cursor.through
        cursor.phase = .find
        guard let to, let upTo, to < upTo, let length = report.windowSeconds else {
            page.isCaughtUp = true
            // Data may be half an hour late.
            page.syncedThrough = cursor.through?.addingTimeInterval(-1800)
            (cursor.from, cursor.to, cursor.upTo) = (nil, nil, nil)
            return
        }
        cursor.from = to
        cursor.to = min(upTo, to.addingTimeInterval(length))
    }

    private func closeUnit(_ cursor: inout AmazonReportCursor, _ page: inout Page) {
        let startedAt = cursor.startedAt
        let ids = AmazonMarketplaces(read)?.ids ?? []
        if cursor.unit < ids.count, cursor.cancels < 2 { cursor.lastRows[ids[cursor.unit]] = cursor.rows }
        cursor.closeReport()
        cursor.phase = .find
        cursor.unit += 1
        guard cursor.unit >= ids.count else {
            if let startedAt { page.sweep = SweepPart(startedAt: startedAt, resources: [report.resource]) }
            return
        }
        if let startedAt {
            page.sweep = SweepPart(
                startedAt: startedAt, resources: [report.resource], isComplete: !cursor.isPartial)
        }
        page.isCaughtUp = true
        page.syncedThrough = cursor.isPartial ? cursor.through : startedAt
        cursor.through = page.syncedThrough
        (cursor.unit, cursor.startedAt, cursor.isPartial) = (0, nil, false)
    }

    /// No data, or asked for too often: the word is the same.
    func cancelled(_ cursor: inout AmazonReportCursor, _ page: inout Page, at time: Date) {
        cursor.cancels += 1
        if report.isSnapshot, let id = marketplaces(cursor).first, cursor.lastRows[id, default: 0] > 0 {
            let cancels = cursor.cancels
            if cancels == 1 {
                cursor.forgetReport()
                cursor.phase = .request
                page.resumeAt = time.addingTimeInterval(1800)
                return
            }
            // There were records before: that they are all gone is not believed without a report that says so.
            cursor.isPartial = true
            page.flags.append(
                UnifiedError(.reportEmpty, "the report was cancelled twice although there were records before").asFlag)
        } else if report.resource == "all_orders_report" {
            cursor.phase = .check
            return
        } else if report.windowSeconds != nil, cursor.cancels == 1 {
            // Nothing else says whether there was anything, and a window of the past is not read again.
            cursor.forgetReport()
            cursor.phase = .request
            page.resumeAt = time.addingTimeInterval(1800)
            return
        }
        complete(&cursor, &page, count: 0)
    }

    /// A report that could not be made or read: later again with half the window, and at last without it.
    func failed(_ why: String, _ cursor: inout AmazonReportCursor, _ page: inout Page, at time: Date) {
        var flag = UnifiedError(.reportFailed, "a report failed: attempt \(cursor.failures + 1)", platformMessage: why)
        page.flags.append(flag.asFlag)
        let failures = cursor.failures + 1
        cursor.failures = failures
        guard failures <= AmazonReportCursor.failuresMax else {
            flag = UnifiedError(.reportFailed, "a report failed again and again and is left out", platformMessage: why)
            page.degradation = flag
            cursor.isPartial = true
            switch report.source {
            case .windows: closeWindow(&cursor, &page)
            case .snapshot: closeUnit(&cursor, &page)
            case .found: complete(&cursor, &page, count: 0)
            }
            return
        }
        let document = cursor.documentID
        let id = cursor.reportID
        cursor.forgetReport()
        if report.isFound {
            (cursor.reportID, cursor.documentID) = (id, document)
            cursor.phase = .link
        } else {
            cursor.phase = .request
        }
        if report.windowSeconds != nil, let from = cursor.from, let to = cursor.to {
            let half = (to.timeIntervalSince(from) / 2).rounded(.down)
            if half >= 3600 { cursor.to = from.addingTimeInterval(half) }
        }
        page.resumeAt = time.addingTimeInterval(900 * Double(1 << (failures - 1)))
    }

    // MARK: - Refusals

    /// Some refusals are answers: the report is gone, or what was to be learned cannot be.
    func pageWithout(
        _ failure: ReadFailure, _ phase: AmazonReportCursor.Phase, _ before: AmazonReportCursor, at time: Date
    ) throws(ReadFailure) -> Page {
        var cursor = before
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false, lessons: failure.lessons)
        let code = failure.error.code
        let isRefused = [.authScopeMissing, .requestInvalid, .requestInvalidNoReason, .dataNotFound].contains(code)
        switch phase {
        case .scout where isRefused:
            cursor.isScouted = true
            page.flags.append(failure.error.asFlag)
        case .check where isRefused:
            page.flags.append(failure.error.asFlag)
            complete(&cursor, &page, count: 0)
        case .poll where code == .dataNotFound, .link where code == .dataNotFound:
            failed("the report is gone", &cursor, &page, at: time)
        case .reasonLink where isRefused:
            failed("the document that says why is gone", &cursor, &page, at: time)
        case .find where cursor.token != nil && isRefused:
            cursor.token = nil
            cursor.pages = 0
            throw ReadFailure(failure.error, lessons: failure.lessons, goOnWith: try? Cursor(encoding: cursor))
        default: throw failure
        }
        page.cursor = try Cursor(encoding: cursor)
        return page
    }

    /// The storage refused: most likely the address has expired, and another one has to be asked for.
    func refusedDownload(_ exchange: Exchange, _ rules: RuleBook, _ before: AmazonReportCursor) -> ReadFailure {
        let error = AmazonAnswer.failure(exchange, rules, resource: report.resource)
        guard [.reportDocumentExpired, .dataNotFound].contains(error.code) else { return ReadFailure(error) }
        var cursor = before
        cursor.url = nil
        cursor.phase = .link
        return ReadFailure(error, goOnWith: try? Cursor(encoding: cursor))
    }

    func reasonPage(
        _ exchange: Exchange, _ rules: RuleBook, _ before: AmazonReportCursor
    ) throws(ReadFailure) -> Page {
        let response = exchange.response
        var cursor = before
        guard response.status == 200 else {
            let error = AmazonAnswer.failure(exchange, rules, resource: report.resource)
            guard [.reportDocumentExpired, .dataNotFound].contains(error.code) else { throw ReadFailure(error) }
            cursor.url = nil
            cursor.phase = .reasonLink
            throw ReadFailure(error, goOnWith: try? Cursor(encoding: cursor))
        }
        let gunzip = GunzipStream()
        gunzip.feed([UInt8](response.body.bytes))
        gunzip.finish()
        let bytes = (try? gunzip.next()) ?? nil
        let text = String(decoding: (bytes ?? []).prefix(600), as: UTF8.self)
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false)
        failed(text, &cursor, &page, at: response.requestedAt)
        page.cursor = try Cursor(encoding: cursor)
        return page
    }
}
