import Platforms
import Testing

@testable import Worker

@Suite("Quota of regular reads")
struct ReadPaceTests {
    @Test("half of what a bucket gives is shared by the connection's streams; the bucket that is short counts")
    func interval() {
        let buckets = [
            Bucket("points", scope: .connection, capacity: 1000, refillPerSecond: 50),
            Bucket("calls", scope: .connection, .window(limit: 600, length: .seconds(60)), share: 0.5),
            Bucket("GET /*", scope: .connection, .quota(limit: 8640, resets: .every(.seconds(86_400)))),
            Bucket("slots", scope: .connection, .slots(limit: 4, holdMax: .seconds(60))),
        ]
        func interval(_ demands: BucketDemand...) -> Duration {
            ReadPace.pageInterval(of: demands, buckets: buckets, streams: 5)
        }
        #expect(interval(BucketDemand("points", tokens: 100)) == .seconds(20))
        #expect(interval(BucketDemand("calls")) == .seconds(2))
        #expect(interval(BucketDemand("calls"), BucketDemand("calls"), BucketDemand("points")) == .seconds(4))
        // A template's bucket is the stream's own.
        #expect(interval(BucketDemand("GET /orders")) == .seconds(20))
        #expect(interval(BucketDemand("slots")) == .zero)
        #expect(interval() == .zero)
    }

    @Test("a bucket that all connections share lets nobody be read more often than the target asks")
    func shared() {
        let buckets = [Bucket("app", scope: .app, capacity: 1e6, refillPerSecond: 1e6)]
        #expect(
            ReadPace.pageInterval(of: [BucketDemand("app")], buckets: buckets, streams: 1) == ReadPace.never)
        let empty = [Bucket("none", scope: .connection, capacity: 1, refillPerSecond: 0)]
        #expect(ReadPace.pageInterval(of: [BucketDemand("none")], buckets: empty, streams: 1) == ReadPace.never)
    }
}
