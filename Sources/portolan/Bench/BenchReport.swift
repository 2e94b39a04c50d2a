internal import Foundation

/// What a benchmark prints: the conditions, and figures each beside the floor measured in the same run.
struct BenchReport: Encodable {
    struct Figure: Encodable {
        let name: String
        let value: Double
        let unit: String
        /// The barest way to do the same work; nil where there is none.
        let floor: Double?
        /// Value against floor.
        let ratio: Double?
        /// What the figure should reach.
        let aim: String?

        init(_ name: String, _ value: Double, _ unit: String, floor: Double? = nil, aim: String? = nil) {
            self.name = name
            self.value = value
            self.unit = unit
            self.floor = floor
            ratio = floor.map { value / $0 }
            self.aim = aim
        }

        // Written out so that a figure without a floor says null.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(value, forKey: .value)
            try container.encode(unit, forKey: .unit)
            try container.encode(floor, forKey: .floor)
            try container.encode(ratio, forKey: .ratio)
            try container.encode(aim, forKey: .aim)
        }

        private enum CodingKeys: String, CodingKey { case name, value, unit, floor, ratio, aim }
    }

    let bench: String
    let conditions: [String: String]
    let figures: [Figure]

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    var text: String {
        var table = Table(["FIGURE", "VALUE", "UNIT", "FLOOR", "RATIO", "AIM"])
        for figure in figures {
            table.add([
                figure.name, Self.rounded(figure.value), figure.unit, figure.floor.map(Self.rounded) ?? "-",
                figure.ratio.map { String(format: "%.2f", $0) } ?? "-", figure.aim ?? "",
            ])
        }
        let conditions = conditions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "\(bench): \(conditions)\n\n\(table.text)"
    }

    private static func rounded(_ value: Double) -> String {
        String(format: value >= 100 ? "%.0f" : value >= 1 ? "%.1f" : "%.3f", value)
    }
}

/// What the kernel says of a process (Linux, `/proc`).
enum ProcessUsage {
    /// CPU seconds used so far, of user and system.
    static func cpuSeconds(of processID: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return 0 }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The most memory it ever had resident, in bytes.
    static func peakResidentBytes(of processID: Int32) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(separator: " ").compactMap({ Int($0) }).first
        else { return 0 }
        return kilobytes * 1024
    }
}
