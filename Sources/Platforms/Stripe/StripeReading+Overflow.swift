import FoundationEssentials
import RawJSON

/// Lists inside an object hold at most ten rows; the rest is fetched page by page and stored beside the object as
/// `<id>/0001`, `<id>/0002` …: whole list bodies that begin at the first row, so that they stand for themselves.
extension StripeReading {
    static let overflowPagesMax = 200
    /// A list that became shorter leaves pages behind it; so many are marked as gone.
    static let stalePagesMax = 4

    mutating func queueOverflow(of value: JSONValue, id: String, _ reply: StripeReply, into page: inout Page) {
        guard let nested = stream.nested, let list = value[nested.member], list["has_more"]?.bool == true
        else { return }
        cursor.overflow.removeAll { $0.id == id }
        guard cursor.overflowBytes < StripeCursor.overflowBytesMax + id.utf8.count else {
            page.flags.append(
                reply.error(
                    .dataRecordRejected, "Too many long lists in one page: this one is kept cut short.", id: id))
            return
        }
        cursor.overflow.append(StripeCursor.Overflow(id: id, page: 1, after: nil))
    }

    mutating func take(overflow replies: [StripeReply], into page: inout Page) throws(ReadFailure) {
        let asked = Array(cursor.overflow.prefix(replies.count))
        cursor.overflow.removeFirst(asked.count)
        var kept: [StripeCursor.Overflow] = []
        var failures: [ReadFailure] = []
        for (reply, item) in zip(replies, asked) {
            guard reply.isSuccess, let rows = try? Self.rows(of: reply), let root = reply.root else {
                try settle(refused: reply, item, &kept, &failures, into: &page)
                continue
            }
            guard let nested = stream.nested else { continue }
            page.records.append(
                Record(
                    resource: nested.resource, id: Self.overflowID(item.id, item.page), updatedAt: nil,
                    createdAt: nil, payload: root.slice, fetchedAt: reply.response.requestedAt))
            let last = rows.ids.last
            if rows.hasMore, let last, last != item.after, item.page < Self.overflowPagesMax {
                kept.append(StripeCursor.Overflow(id: item.id, page: item.page + 1, after: last))
            } else {
                for stale in item.page + 1...item.page + Self.stalePagesMax {
                    page.deletions.append(
                        Deletion(
                            resource: nested.resource, id: Self.overflowID(item.id, stale),
                            deletedAt: reply.response.requestedAt, source: .missingInFullSync))
                }
            }
        }
        try giveUp(ifNothingOf: replies.count, failures, into: &page)
        cursor.overflow = kept + cursor.overflow
    }

    static func overflowID(_ id: String, _ page: Int) -> String {
        let digits = String(page)
        return "\(id)/" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    private mutating func settle(
        refused reply: StripeReply, _ item: StripeCursor.Overflow, _ kept: inout [StripeCursor.Overflow],
        _ failures: inout [ReadFailure], into page: inout Page
    ) throws(ReadFailure) {
        switch reply.response.status {
        case 404 where reply.isMissingObject:
            // The object went away since.
            page.deletions.append(deletion(item.id, at: reply.response.requestedAt, .notFoundOnFetch))
        case 404:
            page.flags.append(
                reply.error(.dataRecordRejected, "A long list inside an object is not to be had.", id: item.id))
        case 400 where item.after != nil && (reply.refusesStartingAfter || reply.refuses("starting_after")):
            page.flags.append(
                reply.error(.dataRecordRejected, "The rest of a long list inside an object is refused.", id: item.id))
        case 400:
            page.flags.append(
                reply.error(.dataRecordRejected, "A long list inside an object is refused.", id: item.id))
        case 401, 403: throw reply.failure
        default:
            failures.append(reply.failure)
            kept.append(item)
        }
    }

    /// Some of several independent requests failed: what came is kept and the others are asked again, unless
    /// nothing came at all.
    func giveUp(ifNothingOf count: Int, _ failures: [ReadFailure], into page: inout Page) throws(ReadFailure) {
        for failure in failures { page.lessons += failure.lessons }
        guard failures.count == count, var failure = failures.first else { return }
        failure.lessons = page.lessons
        throw failure
    }
}
