import FoundationEssentials
import RawJSON

extension StripeReading {
    /// A page of the stream's own list.
    mutating func take(
        list reply: StripeReply, _ purpose: Purpose, beginsRead: Bool, into page: inout Page
    ) throws(ReadFailure) {
        guard reply.isSuccess else { return try take(refusedList: reply, purpose, into: &page) }
        let rows = try Self.rows(of: reply)
        let isFirst = cursor.after.isEmpty
        if isFirst, purpose != .head, purpose != .past {
            beginPass(at: reply, purpose, beginsRead: beginsRead, into: &page)
        }
        if !isFirst, let first = rows.ids.first, hasComeRound(first) {
            return try stepBack(reply, into: &page)
        }
        store(rows.values, from: reply, into: &page)
        if purpose == .head { return endRead(through: nil) }
        cursor.passPages += 1
        cursor.advance(past: rows.ids)
        if !rows.hasMore || rows.values.isEmpty { return endPass() }
        guard !cursor.after.isEmpty else { throw reply.failure }
        cursor.phase = .walk
    }

    private mutating func beginPass(
        at reply: StripeReply, _ purpose: Purpose, beginsRead: Bool, into page: inout Page
    ) {
        let isOutdated = cursor.eventsSince.map { reply.requestedAt - $0 > Self.eventsKeptSeconds } ?? false
        if isOutdated, beginsRead, cursor.eventLog == .filtered {
            page.flags.append(
                reply.error(
                    .requestHistoryLimit,
                    """
                    The last read is longer ago than events are kept: the whole list is read again, and deletions of \
                    the time between are not seen.
                    """))
        }
        cursor.passStarted = reply.requestedAt
        cursor.passPages = 0
        cursor.windowFrom = purpose == .window ? cursor.windowFrom ?? windowStart : nil
        if purpose == .window, cursor.isWindowRefused { cursor.isWindowRefused = false }
        // Kept from before where there is one: deletions since then are in the event log only.
        if cursor.eventsSince == nil { cursor.eventsSince = reply.requestedAt }
    }

    /// The whole list was walked; what changed meanwhile is in the event log.
    private mutating func endPass() {
        if cursor.past != nil { return endRead(through: nil) }
        // What is older than the beginning of a stream was not listed: where events do not tell of it, the list has to.
        cursor.hasPassed = cursor.windowFrom == nil || !hasEvents
        cursor.passFrom = cursor.windowFrom
        cursor.windowFrom = nil
        guard hasEvents, cursor.eventLog == .filtered else { return endRead(through: cursor.passStarted) }
        cursor.beginWalk()
        cursor.phase = .events
        cursor.eventsStarted = nil
    }

    mutating func endRead(through: Int?) {
        cursor.phase = .idle
        cursor.syncedThrough = through
        cursor.beginWalk()
    }

    /// The server began again instead of going on: it does not know the id it was given.
    func hasComeRound(_ firstID: String) -> Bool {
        let mark = StripeCursor.fingerprint(firstID)
        return mark == cursor.walkFirst || mark == cursor.pageFirst
    }

    private mutating func take(
        refusedList reply: StripeReply, _ purpose: Purpose, into page: inout Page
    ) throws(ReadFailure) {
        if reply.refusesStartingAfter { return try stepBack(reply, into: &page) }
        if purpose == .window || (purpose == .past && !cursor.isWindowRefused), reply.refuses("created") {
            cursor.isWindowRefused = true
            cursor.limitationSeen = reply.requestedAt
            cursor.windowFrom = nil
            cursor.beginWalk()
            if isPassDue || purpose == .past { cursor.phase = .walk } else { endRead(through: nil) }
            return
        }
        let isGone = reply.response.status == 404 || reply.response.status == 410
        guard isGone, cursor.after.isEmpty, !reply.says("similar object exists") else { throw reply.failure }
        page.degradation = reply.error(
            .platformEndpointGone, "This server does not have the stream's endpoint.", showsBody: !reply.hasEnvelope)
        cursor = StripeCursor()
        cursor.phase = .idle
    }

    /// Goes on after an earlier id; when that has been tried often enough, says that the server cannot page.
    mutating func stepBack(_ reply: StripeReply, into page: inout Page) throws(ReadFailure) {
        if cursor.stepBack() { return }
        page.degradation = reply.error(
            .platformContractChanged, "The server does not go on after the ids it lists: the rest stays unread.")
        let known = cursor.syncedThrough
        endRead(through: known)
    }

    /// The rows of a list answer, the ids that paging can go on after, and whether there is more.
    static func rows(of reply: StripeReply) throws(ReadFailure) -> (values: [JSONValue], ids: [String], hasMore: Bool) {
        guard let data = reply.root?["data"], let values = try? data.elements() else { throw reply.failure }
        let ids = values.compactMap { usableID($0["id"]) }
        return (values, ids, reply.root?["has_more"]?.bool ?? false)
    }

    /// An identifier that can be kept in a cursor and put into a path.
    static func usableID(_ value: JSONValue?) -> String? {
        guard let id = value?.identifier, !id.isEmpty, id.utf8.count <= StripeCursor.idBytesMax,
            id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        else { return nil }
        return id
    }

    /// Objects as records; each list cut short inside one is put on the list of what is still to be fetched.
    mutating func store(_ values: [JSONValue], from reply: StripeReply, into page: inout Page) {
        for value in values {
            guard let id = Self.usableID(value["id"]) else {
                var flag = reply.error(.dataRecordRejected, "A record has no usable id.")
                flag.evidence = Redaction.sanitised(value.slice.text, bytesMax: 512)
                page.flags.append(flag)
                continue
            }
            if value["deleted"]?.bool == true {
                page.deletions.append(deletion(id, at: reply.response.requestedAt, .platformFlag))
                continue
            }
            let created = value["created"]?.int64.flatMap { (0...4_102_444_800).contains($0) ? Int($0) : nil }
            if !hasEvents, let created, created <= reply.requestedAt {
                cursor.newestCreated = max(created, cursor.newestCreated ?? created)
            }
            page.records.append(
                Record(
                    resource: stream.resource.name, id: id, updatedAt: nil,
                    createdAt: created.map { Date(timeIntervalSince1970: Double($0)) }, payload: value.slice,
                    fetchedAt: reply.response.requestedAt))
            queueOverflow(of: value, id: id, reply, into: &page)
        }
    }

    func deletion(_ id: String, at date: Date, _ source: Deletion.Source) -> Deletion {
        Deletion(resource: stream.resource.name, id: id, deletedAt: date, source: source)
    }
}
