import FoundationEssentials

/// What the arguments of a kind may hold, and how often a job of it is tried; ``MemoryQueue``'s `portolan.job_kinds`.
package struct JobKindRule: Sendable, Equatable {
    /// The JSON type of one field of the arguments.
    package enum FieldType: String, Sendable, CaseIterable {
        case string, number, boolean, object, array
    }

    /// One field of the arguments.
    package struct Field: Sendable, Equatable {
        package let type: FieldType
        package let isRequired: Bool

        package init(_ type: FieldType, isRequired: Bool = false) {
            self.type = type
            self.isRequired = isRequired
        }
    }

    /// For each version of the arguments, the fields it declares.
    package let versions: [Int: [String: Field]]
    /// Failed attempts after which a job fails for good, where the job does not say otherwise.
    package let attemptsMax: Int

    package init(versions: [Int: [String: Field]], attemptsMax: Int = 8) {
        self.versions = versions
        self.attemptsMax = attemptsMax
    }

    /// What a `sync` job is given: see ``SyncArguments``.
    package static let sync = JobKindRule(versions: [1: ["resource": Field(.string, isRequired: true)]])

    /// Throws `refused` when the arguments are not an object of the version's fields.
    func check(_ job: NewJob) throws(QueueError) {
        let version = job.argumentsVersion ?? newestVersion
        guard let fields = versions[version] else {
            throw QueueError(.refused, "args_version: kind '\(job.kind)' has no version \(version) of its arguments")
        }
        guard let given = try? JSONDecoder().decode([String: JSONShape].self, from: Data(job.arguments.utf8)) else {
            throw QueueError(.refused, "args: must be an object")
        }
        if let name = given.keys.sorted().first(where: { fields[$0] == nil }) {
            throw QueueError(
                .refused,
                "args.\(name): kind \(job.kind) has no such field; it has: "
                    + (fields.isEmpty ? "none" : fields.keys.sorted().joined(separator: ", ")))
        }
        for (name, field) in fields.sorted(by: { $0.key < $1.key }) {
            guard let shape = given[name] else {
                if !field.isRequired { continue }
                throw QueueError(.refused, "args.\(name): kind \(job.kind) needs it")
            }
            let isAbsent = shape.type == nil && !field.isRequired
            guard isAbsent || shape.type == field.type else {
                throw QueueError(
                    .refused,
                    "args.\(name): must be of type \(field.type.rawValue), is \(shape.type?.rawValue ?? "null")")
            }
        }
    }

    /// The version that new jobs have where they do not say otherwise.
    var newestVersion: Int { versions.keys.max() ?? 1 }
}

/// The type of a JSON value, whatever the value is.
private struct JSONShape: Decodable {
    /// Nil: null.
    let type: JobKindRule.FieldType?

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if (try? decoder.container(keyedBy: AnyKey.self)) != nil {
            type = .object
        } else if (try? decoder.unkeyedContainer()) != nil {
            type = .array
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                type = nil
            } else if (try? value.decode(String.self)) != nil {
                type = .string
            } else if (try? value.decode(Bool.self)) != nil {
                type = .boolean
            } else {
                type = .number
            }
        }
    }
}
