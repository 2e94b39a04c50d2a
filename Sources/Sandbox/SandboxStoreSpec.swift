package import Platforms

/// One simulated merchant: where it is mounted, how it is made, and what happens to it by itself.
package struct SandboxStoreSpec: Sendable {
    /// The platform's key, e.g. `shopify`.
    package var platform: String
    /// Lower-case letters, digits, `.`, `_` and `-`; unique for its platform.
    package var name: String
    package var options: SandboxOptions
    /// How many records its customers change a second; 0 for a store that stands still.
    package var changesPerSecond: Double
    /// The faults it begins with; the control API can change them.
    package var faults: [Fault]

    package init(
        platform: String, name: String, options: SandboxOptions, changesPerSecond: Double = 0, faults: [Fault] = []
    ) {
        self.platform = platform
        self.name = name
        self.options = options
        self.changesPerSecond = changesPerSecond
        self.faults = faults
    }

    /// The path all of the store's own paths begin with, e.g. `/shopify/demo`.
    package var mountPath: String { "/\(platform)/\(name)" }

    /// The address a connection to the store is given, e.g. `http://127.0.0.1:8080/shopify/demo`.
    package func baseURL(port: Int) -> String { "http://127.0.0.1:\(port)\(mountPath)" }
}
