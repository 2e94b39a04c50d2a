/// Something people should know of: a row of `portolan.alerts`.
package struct Alert: Sendable, Equatable {
    /// What kind, e.g. `regression`.
    package let rule: String
    /// What it is about, e.g. `cluster:7`.
    package let subject: String
    /// `info`, `warning`, `error` or `critical`.
    package let severity: String
    /// One sentence.
    package let message: String

    package init(rule: String, subject: String, severity: String, message: String) {
        self.rule = rule
        self.subject = subject
        self.severity = severity
        self.message = message
    }
}
