/// A Postgres type by its object id, which is fixed for built-in types.
package struct PostgresType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Lets the server infer the type; only for parameters in text form.
    package static let inferred = PostgresType(rawValue: 0)
    package static let bool = PostgresType(rawValue: 16)
    package static let bytea = PostgresType(rawValue: 17)
    package static let char = PostgresType(rawValue: 18)
    package static let name = PostgresType(rawValue: 19)
    package static let int8 = PostgresType(rawValue: 20)
    package static let int2 = PostgresType(rawValue: 21)
    package static let int4 = PostgresType(rawValue: 23)
    package static let text = PostgresType(rawValue: 25)
    package static let oid = PostgresType(rawValue: 26)
    package static let json = PostgresType(rawValue: 114)
    package static let float4 = PostgresType(rawValue: 700)
    package static let float8 = PostgresType(rawValue: 701)
    package static let unknown = PostgresType(rawValue: 705)
    package static let bpchar = PostgresType(rawValue: 1042)
    package static let varchar = PostgresType(rawValue: 1043)
    package static let timestamptz = PostgresType(rawValue: 1184)
    package static let interval = PostgresType(rawValue: 1186)
    package static let numeric = PostgresType(rawValue: 1700)
    package static let void = PostgresType(rawValue: 2278)
    package static let uuid = PostgresType(rawValue: 2950)
    package static let jsonb = PostgresType(rawValue: 3802)

    /// Element type, array type, and the element's name, for every type this module knows.
    private static let known: [(type: PostgresType, array: UInt32, name: String)] = [
        (.bool, 1000, "bool"), (.bytea, 1001, "bytea"), (.char, 1002, "char"), (.name, 1003, "name"),
        (.int8, 1016, "int8"), (.int2, 1005, "int2"), (.int4, 1007, "int4"), (.text, 1009, "text"),
        (.oid, 1028, "oid"), (.json, 199, "json"), (.float4, 1021, "float4"), (.float8, 1022, "float8"),
        (.bpchar, 1014, "bpchar"), (.varchar, 1015, "varchar"), (.timestamptz, 1185, "timestamptz"),
        (.interval, 1187, "interval"), (.numeric, 1231, "numeric"), (.uuid, 2951, "uuid"),
        (.jsonb, 3807, "jsonb"),
    ]
    private static let arrayOf = Dictionary(
        uniqueKeysWithValues: known.map { ($0.type, PostgresType(rawValue: $0.array)) })
    private static let names = Dictionary(
        uniqueKeysWithValues: known.flatMap { [($0.type.rawValue, $0.name), ($0.array, $0.name + "[]")] }
            + [
                (0, "inferred"), (705, "unknown"), (2278, "void"), (1082, "date"), (1114, "timestamp"),
                (2249, "record"),
            ])

    private static let elementOf = Dictionary(
        uniqueKeysWithValues: known.map { (PostgresType(rawValue: $0.array), $0.type) })

    /// The type of an array of this type, where there is one that this module knows.
    package var arrayType: PostgresType? { Self.arrayOf[self] }
    /// The type of an array's elements; nil when this is no array that this module knows.
    package var arrayElement: PostgresType? { Self.elementOf[self] }
}

extension PostgresType: CustomStringConvertible {
    package var description: String { Self.names[rawValue] ?? "oid \(rawValue)" }
}
