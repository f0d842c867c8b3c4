/// The member names of the objects that are open while a text is scanned, to refuse a name that occurs twice.
///
/// Names are compared after unescaping: `"iss"` and `"\u0069ss"` are one name. The storage is kept from one text to the
/// next, so that scanning allocates nothing once it has grown.
struct JSONNameStack {
    private struct Entry {
        let hash: UInt64
        let start: Int
        let count: Int
        let depth: Int
        let isInUnescaped: Bool
    }

    private var entries: ContiguousArray<Entry> = []
    private var unescaped: [UInt8] = []
    private let hasher = SeededHash()

    /// Forgets all names.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        unescaped.removeAll(keepingCapacity: true)
    }

    /// Forgets the names of the object that closes at `depth`.
    mutating func closeObject(atDepth depth: Int) {
        while let last = entries.last, last.depth == depth {
            entries.removeLast()
        }
    }

    /// Adds a name to the innermost object.
    ///
    /// - Parameters:
    ///   - name: where the name lies.
    ///   - text: the text it lies in.
    ///   - depth: the depth of its object.
    ///   - maximumCount: how many names the object may have.
    /// - Returns: the code of the refusal, or nil when the name is new and there is room.
    mutating func insert(
        _ name: JSONStringSlice, in text: UnsafeRawBufferPointer, depth: Int, maximumCount: Int
    ) -> JSONError.Code? {
        guard name.hasEscapes else {
            let bytes = name.rawBytes(in: text)
            return insert(bytes, at: name.start, isInUnescaped: false, text: text, depth: depth, limit: maximumCount)
        }
        let start = unescaped.count
        name.appendUnescaped(in: text, to: &unescaped)
        let copy = Array(unescaped[start...])
        return copy.withUnsafeBytes { bytes in
            insert(bytes, at: start, isInUnescaped: true, text: text, depth: depth, limit: maximumCount)
        }
    }

    private mutating func insert(
        _ bytes: UnsafeRawBufferPointer, at start: Int, isInUnescaped: Bool, text: UnsafeRawBufferPointer,
        depth: Int, limit: Int
    ) -> JSONError.Code? {
        let hash = hasher.hash(bytes)
        var count = 0
        var index = entries.count - 1
        while index >= 0, entries[index].depth == depth {
            if entries[index].hash == hash, isSame(entries[index], bytes, text: text) { return .duplicateName }
            count += 1
            index -= 1
        }
        guard count < limit else { return .tooManyMembers }
        entries.append(
            Entry(hash: hash, start: start, count: bytes.count, depth: depth, isInUnescaped: isInUnescaped))
        return nil
    }

    private func isSame(_ entry: Entry, _ bytes: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer) -> Bool {
        let range = entry.start..<entry.start + entry.count
        guard entry.isInUnescaped else {
            return haveEqualBytes(UnsafeRawBufferPointer(rebasing: text[range]), bytes)
        }
        return unescaped.withUnsafeBytes { haveEqualBytes(UnsafeRawBufferPointer(rebasing: $0[range]), bytes) }
    }
}
