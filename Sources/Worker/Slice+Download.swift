internal import FoundationEssentials
internal import HTTP
internal import Ingest
internal import Jobs
internal import Limits
internal import Platforms
internal import RawJSON

extension Slice {
    /// Reads a document while it arrives, a page at a time: its size is limited by the time a lease may last, not by
    /// memory. One that was cut short goes on behind its last page.
    ///
    /// A more urgent job waits until the document is read: what has arrived would have to be fetched again.
    mutating func download(
        _ request: PlatformRequest, _ reader: any DocumentReader, _ read: StreamRead, _ stream: inout OpenStream
    ) async throws -> Advance {
        let asked = ContinuousClock.now
        let grant: Grant
        switch try await takeTokens(for: [request], &stream) {
        case .granted(let granted): grant = granted
        case .wait(let wait, let bucket): return .wait(wait, bucket: bucket)
        }
        let timeMax = context.configuration.leaseMax / 2
        let deadline = asked + timeMax
        let advance: Result<Advance, any Error>
        do {
            let source = stream
            advance = .success(
                try await source.download(
                    request, for: subject(stream), tokenWait: asked.duration(to: .now), timeMax: timeMax, in: context
                ) { head, pieces in
                    guard head.status == 200 else {
                        return try await refusal(request, head, &pieces, read, &stream)
                    }
                    var reader = reader
                    return try await store(&reader, head, &pieces, until: deadline, &stream)
                })
        } catch {
            advance = .failure(error)
        }
        await settle([], grant, stream)
        return try advance.get()
    }

    /// Another answer than the document: short, and the platform knows what it means.
    private mutating func refusal(
        _ request: PlatformRequest, _ head: PlatformResponse, _ pieces: inout any BodyPieces, _ read: StreamRead,
        _ stream: inout OpenStream
    ) async throws -> Advance {
        var body: [UInt8] = []
        while body.count < Self.refusalBytesMax, let piece = try await pieces.next() { body += piece }
        let answer = PlatformResponse(
            status: head.status, headers: head.headers, body: PaddedBytes(body), requestedAt: head.requestedAt)
        let page = try stream.platform.page(from: [Exchange(request: request, response: answer)], in: read)
        return try await commit(page, &stream)
    }

    private static let refusalBytesMax = 1 << 20

    private mutating func store(
        _ reader: inout any DocumentReader, _ head: PlatformResponse, _ pieces: inout any BodyPieces,
        until deadline: ContinuousClock.Instant, _ stream: inout OpenStream
    ) async throws -> Advance {
        try reader.begin(head)
        var last = Advance.again
        while let piece = try await pieces.next() {
            try reader.take(piece)
            if let ended = try await commitPages(of: &reader, &stream, &last) { return ended }
            guard context.signs.isConfirmed else { return .ended(.silent) }
            if context.signs.isDrainAsked || ContinuousClock.now > deadline { return .ended(.outcome(.yield)) }
        }
        try reader.finish()
        if let ended = try await commitPages(of: &reader, &stream, &last) { return ended }
        return last
    }

    /// Nil where the document is to be read on.
    private mutating func commitPages(
        of reader: inout any DocumentReader, _ stream: inout OpenStream, _ last: inout Advance
    ) async throws -> Advance? {
        while let page = reader.nextPage() {
            last = try await commit(page, &stream)
            // Where nobody knows whether the page was stored, the document is begun again behind what was.
            guard case .committed(let stored, let answer) = last else { return last }
            if answer.isToStop, !stored.isCaughtUp { return .ended(.outcome(.yield)) }
        }
        return nil
    }
}

extension PageAnswer {
    /// Somebody wants the job to stop after this page.
    var isToStop: Bool { isCancelled || isPaused || isDraining }
}
