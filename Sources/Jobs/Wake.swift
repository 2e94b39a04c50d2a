/// The Redis channel on which whoever enqueued says that there is work.
///
/// A hint only: workers poll, and lose nothing when a message is lost. It makes pick-up instant.
package enum Wake {
    package static let channel = "portolan:wake"
}
