#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Lends bytes that lie against memory nobody may read, so that one byte too far is a crash even in a release build.
package final class GuardedBytes {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private let pageSize: Int

    /// Makes room; `nil` when the system gives none.
    package init?(capacity wanted: Int) {
        pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        capacity = (wanted + pageSize - 1) / pageSize * pageSize
        let length = capacity + 2 * pageSize
        guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), base != MAP_FAILED
        else { return nil }
        self.base = base
        guard mprotect(base, pageSize, PROT_NONE) == 0,
            mprotect(base + pageSize + capacity, pageSize, PROT_NONE) == 0
        else { return nil }
    }

    deinit {
        munmap(base, capacity + 2 * pageSize)
    }

    /// Lends a copy that ends where the forbidden memory begins.
    package func withBytes<Result>(_ bytes: ArraySlice<UInt8>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        precondition(bytes.count <= capacity)
        let start = base + pageSize + capacity - bytes.count
        bytes.withUnsafeBytes { source in
            if let address = source.baseAddress { start.copyMemory(from: address, byteCount: source.count) }
        }
        return body(UnsafeRawBufferPointer(start: start, count: bytes.count))
    }
}
