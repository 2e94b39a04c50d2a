import FoundationEssentials
import RawJSON

/// Pages that fail, and what is done about it at once.
extension WooCommerceReading {
    /// What to do about a list that was refused: ask differently, or fail.
    mutating func refused(
        _ refusal: WooCommerceRefusal, _ exchange: Exchange, _ walk: WooCommerceWalk
    ) throws(ReadFailure) -> Page {
        if refusal.isNoRoute, stream.parents != nil, !cursor.isByParent {
            // An older version has no such list. If all of WooCommerce is off, the parents' list says so.
            forgetParents(true)
            cursor.walk = nil
            cursor.fullAt = nil
            return try page()
        }
        if refusal.isMoved || refusal.isAnonymous, maySearch(exchange) { return try searchAgain() }
        if walk.kind == .trash, refusal.status == 400 {
            // What is put into the trash is then found to be missing by the next sweep.
            cursor.refusesTrash = true
            var flag = refusal.error
            flag.policyOverride = .storeRawAndFlag
            var page = try page(flags: [flag])
            try finish(walk, &page, at: exchange.response.requestedAt)
            return page
        }
        guard refusal.remedy == .smallerPage else { throw refusal.failure() }
        var next = self.cursor
        next.walk = walk
        if next.smallerPage != nil {
            next.shrink()
        } else if walk.back > 0 || exchange.request.number("offset") != walk.offset {
            throw refusal.failure()
        } else {
            // A single row: is it the row, or the server?
            next.walk?.isProbing = true
        }
        throw refusal.failure(goOnWith: next)
    }

    /// A shop that is too slow for a page may be quick enough for a smaller one.
    var cursorAfterSilence: Cursor? {
        guard cursor.server != nil, cursor.search == nil, cursor.smallerPage != nil else { return nil }
        var next = cursor
        next.shrink()
        return try? Cursor(encoding: next)
    }

    /// Answers to: the row behind the one that fails, and this one without its contents.
    mutating func probePage(_ exchanges: [Exchange], _ begun: WooCommerceWalk) throws(ReadFailure) -> Page {
        guard exchanges.count == 2 else {
            throw ReadFailure(UnifiedError(.internalBug, "a row is probed with two requests"))
        }
        var walk = begun
        walk.isProbing = false
        let member = listing(of: walk.kind).filter.member
        let behind = result { () throws(WooCommerceRefusal) in try list(exchanges[0], member: member) }
        let thin = result { () throws(WooCommerceRefusal) in try list(exchanges[1], member: member) }
        var found: Row?
        var isAtEnd = false
        var total: Int?
        switch (behind, thin) {
        case (.failure(let refusal), .failure):
            cursor.walk = walk
            throw refusal.failure()
        case (_, .success((let answer, let rows))):
            found = rows.first
            total = answer.total
            isAtEnd = total.map { walk.offset + 1 >= $0 } ?? false
        case (.success((let answer, let rows)), _):
            // Behind its end a list may not know its length.
            total = rows.isEmpty ? walk.total : answer.total
            isAtEnd = rows.isEmpty
        }
        let flag = Self.odd(
            .dataRecordRejected, "the shop fails on one record, which is left out", exchanges[1], sendsBody: false,
            id: found.map { String($0.id) })
        note(exchanges[1], &walk)
        walk.offset += 1
        walk.clear = walk.offset
        walk.hidden += 1
        walk.total = total
        if let found {
            walk.last = max(walk.last, found.id)
        } else {
            walk.isIncomplete = walk.isIncomplete || walk.kind.listsAll
        }
        var page = try page(flags: [flag])
        if isAtEnd {
            try end(walk, found.map { [$0] } ?? [], &page, exchanges[1])
        } else {
            cursor.walk = walk
            page.cursor = try Cursor(encoding: cursor)
        }
        if let found, walk.kind.listsAll, !walk.kind.isByParent, let startedAt = walk.startedAt {
            let name = stream.resource.name
            page.sweep = SweepPart(
                startedAt: startedAt, resources: [name], seen: [(name, String(found.id))],
                isComplete: page.sweep?.isComplete ?? false)
        }
        return page
    }

    private func result<Value>(
        _ body: () throws(WooCommerceRefusal) -> Value
    ) -> Result<Value, WooCommerceRefusal> {
        do throws(WooCommerceRefusal) { return .success(try body()) } catch { return .failure(error) }
    }

    // MARK: - How times are written

    /// The sample must be found between the seconds around its change, and not behind it.
    func trialStep(
        _ trial: WooCommerceCursor.Trial, _ sample: WooCommerceCursor.Sample, _ server: WooCommerceServer
    ) -> Step {
        let listing = triedListing
        let query =
            listing.query + [
                ("include", "\(sample.id)"), ("per_page", "1"), ("_fields", "id,\(listing.filter.member)"),
            ]
        guard !trial.isLookup, let dates = trial.next else {
            return Step([server.request(listing.path, query: query, purpose: Self.lookupPurpose)])
        }
        func request(after: Int, before: Int?) -> PlatformRequest {
            let bounds = dates.query(
                listing.filter, after: Date(timeIntervalSince1970: Double(after)),
                before: before.map { Date(timeIntervalSince1970: Double($0)) })
            return server.request(listing.path, query: query + bounds, purpose: Self.trialPurpose)
        }
        return Step([
            request(after: sample.changed - 1, before: sample.changed + 1),
            request(after: sample.changed, before: nil),
        ])
    }

    private static let trialPurpose = "try_dates"
    private static let lookupPurpose = "lookup"
    private static let roundsMax = 2

    mutating func trialPage(_ exchanges: [Exchange], _ server: WooCommerceServer) throws(ReadFailure) -> Page {
        guard var trial = cursor.trial, var sample = cursor.sample else {
            cursor.trial = nil
            return try page()
        }
        var counts: [Int] = []
        var rows: [Row] = []
        for exchange in exchanges {
            do throws(WooCommerceRefusal) {
                rows = try list(exchange, member: triedListing.filter.member).1
                counts.append(rows.count)
            } catch {
                guard error.status == 400 else { throw error.failure() }
                counts.append(-1)
            }
        }
        if trial.isLookup {
            trial = WooCommerceCursor.Trial(rounds: trial.rounds + 1)
            guard let row = rows.first, row.id == sample.id, let changed = row.changed else {
                // It is gone: the next read looks for another.
                return try endTrial(nil, exchanges)
            }
            sample.changed = changed
            cursor.trial = trial
            cursor.sample = sample
            return try page()
        }
        if counts == [1, 0], let dates = trial.next { return try endTrial(dates, exchanges) }
        if let tried = trial.next { trial.tried.append(tried) }
        if trial.next == nil {
            guard trial.rounds < Self.roundsMax else { return try endTrial(WooCommerceDates.none, exchanges) }
            // It may have changed meanwhile.
            trial.isLookup = true
        }
        cursor.trial = trial
        return try page()
    }

    private mutating func endTrial(_ dates: WooCommerceDates?, _ exchanges: [Exchange]) throws(ReadFailure) -> Page {
        let time = exchanges[0].response.requestedAt
        cursor.trial = nil
        cursor.dates = dates
        if dates == WooCommerceDates.none { goBlind(at: time) }
        if cursor.isBegun == true, let dates { return try goOn(with: dates, at: time) }
        var page = Page(cursor: try Cursor(encoding: cursor), isCaughtUp: true)
        page.syncedThrough = cursor.through.map { min($0, time) }
        if dates == nil {
            page.flags.append(
                UnifiedError(.dataNotFound, "the record to try the shop's times with is gone: tried again later"))
        }
        if dates == WooCommerceDates.none {
            page.flags.append(Self.blindness)
            page.degradation = Self.blindness
        }
        return page
    }
}
