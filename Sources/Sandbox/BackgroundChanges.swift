/// Changes a store's records at a steady rate, as its merchant's customers would.
struct BackgroundChanges: Sendable {
    let host: StoreHost
    let clock: any Clock<Duration>

    /// Until cancelled. Once a second, or as seldom as one change comes.
    func run() async throws {
        let rate = host.spec.changesPerSecond
        let seconds = max(1, 1 / rate)
        var owed = 0.0
        while true {
            try await clock.sleep(for: .seconds(seconds))
            owed += rate * seconds
            // 1 / rate * rate may come out just below 1.
            let count = Int((owed + 1e-9).rounded(.down))
            owed -= Double(count)
            if count > 0 { await host.change(count: count) }
        }
    }
}
