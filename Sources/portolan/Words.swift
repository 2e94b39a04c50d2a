extension Duration {
    /// As people say it, in at most two units: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
    var inWords: String {
        if self < .zero { return "-" + (.zero - self).inWords }
        let all = components.seconds
        if all < 10 {
            let tenths = Int64((seconds * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        }
        let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)]
        let first = units.firstIndex { all >= $0.seconds } ?? units.count - 1
        let whole = "\(all / units[first].seconds) \(units[first].name)"
        guard first + 1 < units.count else { return whole }
        let rest = all % units[first].seconds / units[first + 1].seconds
        return rest == 0 ? whole : whole + " \(rest) \(units[first + 1].name)"
    }
}

extension BinaryInteger {
    /// `1 page`, `2 pages`.
    func of(_ noun: String) -> String { "\(self) \(noun)" + (self == 1 ? "" : "s") }
}

extension String {
    /// Without line breaks and other control characters, and no longer than so many characters: fit for a cell.
    func cell(_ longest: Int = .max) -> String {
        let plain = String(
            String.UnicodeScalarView(
                unicodeScalars.map {
                    $0.properties.generalCategory == .control ? Unicode.Scalar(UInt8(ascii: " ")) : $0
                }))
        return plain.count <= longest ? plain : String(plain.prefix(longest - 1)) + "…"
    }
}
