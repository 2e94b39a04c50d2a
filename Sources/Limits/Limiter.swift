package import Platforms

/// Whether a request may be sent now.
package enum Admission: Sendable, Hashable {
    /// The tokens of every bucket have been taken.
    case granted
    /// Nothing has been taken; asking again earlier is in vain. `bucket` is the one that is short the
    /// longest.
    case wait(Duration, bucket: String)
}

/// Keeps requests within what platforms allow, over the whole fleet.
///
/// A bucket holds tokens up to its capacity and regains them at its rate; both are the platform's
/// numbers (declared, or as the platform last taught them) times the bucket's share. A bucket
/// nobody has used yet, or whose state was lost, is *empty*: losing state can cost a short wait and
/// never a violation.
///
/// A demand for more than a bucket can hold is granted when the bucket is full, and leaves a debt.
package protocol Limiter: Sendable {
    /// Takes the tokens of all demands or of none.
    ///
    /// Every demand must be served by one of `buckets`; a platform that demands what it did not
    /// declare is a programming error. Never suspends for long: it does not wait for tokens.
    func acquire(
        _ demands: [BucketDemand], buckets: [Bucket], connectionID: Int64, platform: String
    ) async -> Admission

    /// Applies what an answer taught.
    ///
    /// A taught level only ever lowers ours: the platform counted before requests that are under way
    /// had reached it, so raising would hand their tokens out twice. Where ours is too low the refill
    /// makes up for it. A block also empties the bucket, because a refusal means that our count was
    /// too high. Refunds to a bucket whose state was lost, and lessons about buckets that were not
    /// declared, do nothing.
    func settle(
        _ lessons: [LimitLesson], buckets: [Bucket], connectionID: Int64, platform: String
    ) async
}
