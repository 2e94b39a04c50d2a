import FoundationEssentials
import RawJSON

extension StripeReading {
    /// A page of the event log: which objects are to be fetched, and which are gone.
    mutating func take(events reply: StripeReply, _ purpose: Purpose, into page: inout Page) throws(ReadFailure) {
        guard reply.isSuccess else { return try take(refusedEvents: reply, purpose, into: &page) }
        let rows = try Self.rows(of: reply)
        if purpose == .eventsFiltered, cursor.eventLog != .filtered { cursor.eventLog = .filtered }
        if cursor.after.isEmpty {
            beginEvents(at: reply)
        } else if let first = rows.ids.first, hasComeRound(first) {
            return try stepBack(reply, into: &page)
        }
        cursor.phase = .events
        var read: [String] = []
        var isCutShort = false
        for event in rows.values {
            if cursor.pendingBytes > StripeCursor.pendingBytesMax {
                isCutShort = !read.isEmpty
                break
            }
            take(event: event, reply, into: &page)
            if let id = Self.usableID(event["id"]) { read.append(id) }
        }
        cursor.advance(past: read)
        cursor.eventsRead = !isCutShort && (!rows.hasMore || rows.values.isEmpty || cursor.after.isEmpty)
        endEventsIfDone()
    }

    private mutating func beginEvents(at reply: StripeReply) {
        guard cursor.eventsStarted == nil || cursor.phase == .idle else { return }
        cursor.eventsStarted = reply.requestedAt
        cursor.eventsRead = false
        cursor.handled = []
        if cursor.eventsSince == nil { cursor.eventsSince = reply.requestedAt }
    }

    private mutating func take(event: JSONValue, _ reply: StripeReply, into page: inout Page) {
        let started = cursor.eventsStarted ?? reply.requestedAt
        guard let type = event["type"]?.string, stream.eventTypes.contains(type),
            let object = event.at("data", "object")
        else { return }
        let created = event["created"]?.int64.flatMap { Int(exactly: $0) } ?? started
        if let id = Self.usableID(event["id"]) {
            if cursor.seen[StripeCursor.fingerprint(id)] != nil { return }
            cursor.remember(event: id, created: created, notBefore: started - Self.lookBackSeconds - 60)
        }
        let wasListed = wasListed(object, before: created)
        for id in objectIDs(of: object) {
            if type == stream.deletionType {
                let date = Date(timeIntervalSince1970: Double(min(max(created, 0), reply.requestedAt)))
                page.deletions.append(deletion(id, at: date, .platformFlag))
                cursor.pending.removeAll { $0 == id }
                cursor.markHandled(id)
            } else if wasListed {
                continue
            } else if created < started - 60, cursor.handled.contains(StripeCursor.fingerprint(id)) {
                // Fetched in this walk, and so after the event: what it tells is known.
                continue
            } else if !cursor.pending.contains(id) {
                cursor.pending.append(id)
            }
        }
    }

    /// A pass from some time on listed the object, and later than what the event tells of: of a stream that begins in the
    /// past, most events are of this kind.
    private func wasListed(_ object: JSONValue, before created: Int) -> Bool {
        guard let from = cursor.passFrom, let began = cursor.passStarted, created < began - Self.lookBackSeconds,
            object["object"]?.string == stream.object, let madeAt = object["created"]?.int64
        else { return false }
        return madeAt >= from
    }

    /// The stream's objects that an event's object is or refers to.
    private func objectIDs(of object: JSONValue) -> [String] {
        if object["object"]?.string ?? stream.object == stream.object {
            return Self.usableID(object["id"]).map { [$0] } ?? []
        }
        if let reference = object[stream.object], !reference.isNull {
            return Self.usableID(reference.kind == .object ? reference["id"] : reference).map { [$0] } ?? []
        }
        // Before 2022-11-15 a charge listed its refunds.
        guard stream.object == "refund", let refunds = try? object.at("refunds", "data")?.elements() else { return [] }
        return refunds.compactMap { Self.usableID($0["id"]) }
    }

    private mutating func endEventsIfDone() {
        guard cursor.eventsRead, cursor.pending.isEmpty else { return }
        let started = cursor.eventsStarted ?? 0
        cursor.eventsSince = started
        cursor.eventsStarted = nil
        cursor.eventsRead = false
        cursor.handled = []
        cursor.passFrom = nil
        cursor.seen = cursor.seen.filter { $0.value >= started - Self.lookBackSeconds - 60 }
        if cursor.eventLog == .filtered { return endRead(through: started) }
        walkUnlessPassed(otherwiseThrough: cursor.hasPassed ? cursor.passStarted : nil)
    }

    /// Where the event log does not say everything, the list has to.
    private mutating func walkUnlessPassed(otherwiseThrough through: Int?) {
        guard !cursor.hasPassed, isPassDue else { return endRead(through: through) }
        cursor.beginWalk()
        cursor.phase = .walk
    }

    private mutating func take(
        refusedEvents reply: StripeReply, _ purpose: Purpose, into page: inout Page
    ) throws(ReadFailure) {
        if reply.refusesStartingAfter { return try stepBack(reply, into: &page) }
        let status = reply.response.status
        if purpose == .eventsFiltered, reply.refuses("types") || (status == 400 && reply.code == "parameter_unknown") {
            cursor.eventLog = .unfiltered
            cursor.limitationSeen = reply.requestedAt
            cursor.beginWalk()
            cursor.phase = .events
            cursor.eventsStarted = nil
        } else if status == 404 || status == 410 || (purpose == .eventsUnfiltered && reply.refuses("created")) {
            cursor.eventLog = .none
            cursor.limitationSeen = reply.requestedAt
            cursor.eventsStarted = nil
            walkUnlessPassed(otherwiseThrough: cursor.hasPassed ? cursor.passStarted : nil)
        } else {
            throw reply.failure
        }
    }

    /// Objects fetched by id, in the order they were asked for.
    mutating func take(fetched replies: [StripeReply], into page: inout Page) throws(ReadFailure) {
        let asked = Array(cursor.pending.prefix(replies.count))
        cursor.pending.removeFirst(asked.count)
        var kept: [String] = []
        var failures: [ReadFailure] = []
        for (reply, id) in zip(replies, asked) {
            if reply.isSuccess, let root = reply.root {
                store([root], from: reply, into: &page)
                cursor.markHandled(id)
            } else if reply.isMissingObject {
                page.deletions.append(deletion(id, at: reply.response.requestedAt, .notFoundOnFetch))
                cursor.markHandled(id)
            } else if [401, 403].contains(reply.response.status) || reply.says("similar object exists") {
                throw reply.failure
            } else if [400, 404, 410].contains(reply.response.status) {
                var flag = reply.failure.error
                flag.externalID = id
                page.flags.append(flag)
            } else {
                failures.append(reply.failure)
                kept.append(id)
            }
        }
        try giveUp(ifNothingOf: replies.count, failures, into: &page)
        cursor.pending = kept + cursor.pending
        endEventsIfDone()
    }
}
