package import Platforms

extension UnifiedError {
    /// ``rowJSON`` without what the platform declares as never stored: for every error that may hold its words.
    package func rowJSON(without neverStored: NeverStored) -> String { neverStored.strip(self).rowJSON }
}
