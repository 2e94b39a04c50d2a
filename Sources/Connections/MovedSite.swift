internal import FoundationEssentials

/// A merchant's site that has moved, as the site itself says.
package enum MovedSite {
    /// The new base URL, where it is the same site's as the one the merchant gave; nil where credentials must not go
    /// there.
    ///
    /// The same is: the same host but for a leading `www.`, on the usual port or the one that was given, over TLS if it
    /// was before. The path may be another.
    package static func address(_ found: String, of given: String) -> String? {
        guard let old = URL(string: given), let new = URL(string: found), let oldScheme = old.scheme,
            let newScheme = new.scheme, let oldHost = old.host()?.lowercased(), let newHost = new.host()?.lowercased(),
            new.user() == nil, new.query() == nil, new.fragment() == nil
        else { return nil }
        guard newScheme == oldScheme || (oldScheme == "http" && newScheme == "https") else { return nil }
        guard bare(oldHost) == bare(newHost) else { return nil }
        let isUsualPort = new.port == nil || new.port == (newScheme == "https" ? 443 : 80)
        guard new.port == old.port || isUsualPort else { return nil }
        return found.hasSuffix("/") ? String(found.dropLast()) : found
    }

    private static func bare(_ host: String) -> Substring {
        host.hasPrefix("www.") ? host.dropFirst(4) : Substring(host)
    }
}
