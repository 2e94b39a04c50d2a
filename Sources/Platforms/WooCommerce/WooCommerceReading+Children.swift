import FoundationEssentials
import RawJSON

/// Records that are asked for parent by parent.
extension WooCommerceReading {
    func childStep(_ walk: WooCommerceWalk, _ server: WooCommerceServer) -> Step {
        Step(
            walk.parents.prefix(walk.isSingle ? 1 : 2).map { parent in
                let path = stream.parents?.childPath ?? ""
                let offset = max(0, parent.o - (cursor.pageSize > 1 ? WooCommerceWalk.overlap : 0))
                return server.request(
                    path.replacing("{id}", with: "\(parent.i)"), route: path,
                    query: [
                        ("orderby", "id"), ("order", "asc"), ("per_page", "\(cursor.pageSize)"),
                        ("offset", "\(offset)"),
                    ], purpose: Self.childPurpose)
            })
    }

    private static let childPurpose = "children"

    mutating func childPage(_ exchanges: [Exchange], _ begun: WooCommerceWalk) throws(ReadFailure) -> Page {
        var walk = begun
        guard exchanges.count <= walk.parents.count else {
            throw ReadFailure(UnifiedError(.internalBug, "more answers than parents were asked for"))
        }
        let asked = Array(walk.parents.prefix(exchanges.count))
        walk.parents.removeFirst(exchanges.count)
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false)
        var more: [WooCommerceWalk.Parent] = []
        for (parent, exchange) in zip(asked, exchanges) {
            let answer: WooCommerceAnswer
            let rows: [Row]
            do throws(WooCommerceRefusal) {
                (answer, rows) = try list(exchange, member: "date_modified_gmt")
            } catch {
                if error.error.code == .dataNotFound { continue }
                if let page = try childRefused(error, exchanges, parent, begun) { return page }
                page.flags.append(
                    Self.odd(
                        .dataRecordRejected, "the shop fails on the records of one parent, which are left out",
                        exchange,
                        sendsBody: false, id: "\(parent.i)"))
                walk.isIncomplete = true
                continue
            }
            page.flags += flags(of: answer, exchange, &walk)
            if answer.total == nil, !walk.said.contains("total") {
                walk.said.append("total")
                page.flags.append(
                    Self.odd(.dataMalformed, "the shop does not say how long its list is", exchange, sendsBody: false))
            }
            if let next = take(rows, of: parent, answer, exchange, into: &page, &walk) { more.append(next) }
        }
        walk.parents = more + walk.parents
        walk.isSingle = walk.isSingle && cursor.pageSize == 1
        cursor.noteGoodPage(max: habits.pageSizeMax)
        if walk.parents.isEmpty, walk.hasListed {
            endChildren(walk, &page)
            page.sweep = sweep(of: walk, [], isComplete: !walk.isIncomplete)
            try finish(walk, &page, at: exchanges[0].response.requestedAt)
        } else {
            page.sweep = sweep(of: walk, [], isComplete: false)
            cursor.walk = walk
            page.cursor = try Cursor(encoding: cursor)
        }
        return page
    }

    /// Rows of one parent's list. Returns where that goes on.
    private func take(
        _ rows: [Row], of parent: WooCommerceWalk.Parent, _ answer: WooCommerceAnswer, _ exchange: Exchange,
        into page: inout Page, _ walk: inout WooCommerceWalk
    ) -> WooCommerceWalk.Parent? {
        var next = parent
        let size = exchange.request.number("per_page") ?? 1
        let offset = exchange.request.number("offset") ?? 0
        let sorted = rows.sorted { $0.id < $1.id }
        if offset > 0, size > 1, (sorted.first?.id ?? .max) > parent.l {
            // Rows went away: from the beginning, since such lists are short.
            return WooCommerceWalk.Parent(i: parent.i)
        }
        let new = sorted.filter { $0.id > parent.l }
        page.records += new.map { record($0, exchange) }
        walk.childSeen += new.count
        next.o = offset + (answer.total == nil ? rows.count : size)
        next.l = new.last?.id ?? parent.l
        let total = answer.total ?? (new.isEmpty ? 0 : .max)
        guard next.o < total else {
            walk.childTotal += answer.total ?? new.count
            return nil
        }
        return next
    }

    /// What to do about a refusal: nil leaves the parent out.
    private mutating func childRefused(
        _ refusal: WooCommerceRefusal, _ exchanges: [Exchange], _ parent: WooCommerceWalk.Parent,
        _ walk: WooCommerceWalk
    ) throws(ReadFailure) -> Page? {
        if refusal.isMoved || refusal.isAnonymous, maySearch(exchanges[0]) { return try searchAgain() }
        guard refusal.remedy == .smallerPage else { throw refusal.failure() }
        var next = cursor
        next.walk = walk
        if exchanges.count > 1 {
            next.walk?.isSingle = true
        } else if next.smallerPage != nil {
            next.shrink()
        } else if walk.childSeen == 0, walk.parents.count > 1 {
            // Nothing shows yet that it is this parent and not the server: another is asked first.
            next.walk?.parents = Array(walk.parents.dropFirst()) + [parent]
        } else {
            return nil
        }
        throw refusal.failure(goOnWith: next)
    }

    /// All parents were asked.
    func endChildren(_ walk: WooCommerceWalk, _ page: inout Page) {
        guard walk.kind == .fullByParent else { return }
        page.coverage.append(
            Coverage(
                resource: stream.resource.name, from: nil, to: nil,
                platformCount: walk.isIncomplete ? nil : walk.childTotal, distinctCount: walk.childSeen))
    }
}
