internal import Platforms
internal import RawJSON

extension NeverStored {
    /// The page without what is never stored. Of a record that cannot be read and may hold such a member nothing is
    /// kept but a flag.
    func strip(_ page: Page) -> Page {
        guard inEvidence != nil else { return page }
        var stripped = page
        stripped.records = []
        stripped.records.reserveCapacity(page.records.count)
        for record in page.records {
            if let kept = strip(record) {
                stripped.records.append(kept)
            } else {
                stripped.flags.append(Self.withheld(record))
            }
        }
        stripped.flags = stripped.flags.map { strip($0) }
        stripped.degradation = page.degradation.map { strip($0) }
        return stripped
    }

    private static func withheld(_ record: Record) -> UnifiedError {
        let id = CarefulBatch.isUsable(record.id) ? record.id : nil
        return UnifiedError(
            .dataRecordRejected,
            """
            a record of \(record.resource) is not JSON and may hold what is never stored; none of its \
            \(record.payload.count) bytes are kept
            """, externalID: id)
    }
}
