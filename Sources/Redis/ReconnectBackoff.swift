/// How long to wait before the next attempt to connect: doubling, bounded, jittered.
struct ReconnectBackoff {
    let delayMin: Duration
    let delayMax: Duration
    private(set) var failures = 0

    init(delayMin: Duration, delayMax: Duration) {
        self.delayMin = delayMin
        self.delayMax = max(delayMin, delayMax)
    }

    /// Counts a failure and gives the wait: between a half and the whole of `delayMin · 2ⁿ`, so that
    /// a fleet that lost one server does not come back in step.
    mutating func failed(using randomness: inout some RandomNumberGenerator) -> Duration {
        failures += 1
        // 2³⁰ times any sensible minimum is over any sensible maximum; the bound keeps the shift sane.
        let doubled = delayMin * (1 << min(failures - 1, 30))
        return min(doubled, delayMax) * Double.random(in: 0.5...1, using: &randomness)
    }

    /// The connection has proved itself.
    mutating func recovered() { failures = 0 }
}
