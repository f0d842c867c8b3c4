import JOSE

/// JSON texts: what is taken is UTF-8, and written again it is taken again and is the same.
enum JSONInvariants {
    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        for limits in [JSONLimits.document, .token] {
            let parser = JSONParser(limits: limits)
            guard let value = try? parser.parse(input) else { continue }
            guard String(validating: input, as: UTF8.self) != nil else { return "text that is not UTF-8 was taken" }
            let written = JSONWriter.bytes(of: value)
            guard let again = try? JSONParser(limits: .document).parse(written) else {
                return "\(FuzzTarget.text(written)) is not taken"
            }
            if JSONWriter.bytes(of: again) != written { return "\(FuzzTarget.text(written)) is another value" }
        }
        if let complaint = keySetComplaint(about: Array(input)) { return complaint }
        return nil
    }

    /// A published key set may hold anything; its public side never shows a private part.
    private static func keySetComplaint(about json: [UInt8]) -> String? {
        guard let keys = try? JSONWebKeySet(json: json).keys else { return nil }
        let published = JSONWebKeySet.publicJSON(for: keys)
        return published.contains("\"d\":") ? "a private key is published" : nil
    }
}
