package import FoundationEssentials
package import HTTP
package import Platforms

extension UnifiedError {
    /// What a failure of the transport means on this platform: an operator's and the platform's rules are asked first.
    ///
    /// - Parameter route: the request's route template.
    package init(
        _ error: HTTPError, route: String, rules: RuleBook, operation: String? = nil, resource: String? = nil, now: Date
    ) {
        let usual = UnifiedError(error, route: route)
        let evidence = ErrorEvidence(
            transport: error.code.rawValue, curlCode: error.curlCode == 0 ? nil : error.curlCode,
            means: usual.code, usual.message, now: now, operation: operation, resource: resource, route: route)
        self = rules.error(evidence)
    }
}
