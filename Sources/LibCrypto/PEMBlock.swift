import COpenSSL

/// The one PEM block of a file (RFC 7468).
///
/// Its content is wiped when it goes out of use.
final class PEMBlock {
    /// An RSA key of the largest size takes a fifth of this.
    static let maximumByteCount = 64 << 10

    let label: String
    private let content: UnsafeMutablePointer<UInt8>
    private let contentByteCount: Int

    deinit {
        copenssl_clear_free(content, contentByteCount)
    }

    /// Reads the block, which one with the label `ignored` may precede.
    ///
    /// Text before it is allowed, as RFC 7468 has it; after it only white space is, so that a file never holds a key
    /// that is silently left aside.
    init(only pem: [UInt8], ignoring ignored: String? = nil) throws(CryptoError) {
        guard pem.count <= Self.maximumByteCount else {
            throw CryptoError(.invalidKey, "a PEM file of \(pem.count) bytes")
        }
        // The reader works in place: the array must stay where it is until the block has been read.
        let read = pem.withUnsafeBytes { Self.read($0, ignoring: ignored) }
        guard let read else { throw .fromOpenSSL(.invalidKey, "reading PEM") }
        label = read.label
        content = read.content
        contentByteCount = read.contentByteCount
        guard !read.isEncrypted else { throw CryptoError(.encryptedKey, "the PEM block is encrypted") }
        guard pem.suffix(read.restByteCount).allSatisfy({ " \t\r\n".utf8.contains($0) }) else {
            throw CryptoError(.invalidKey, "there is more in the file after the key")
        }
    }

    /// Hands the content to one of OpenSSL's `d2i` functions, which must use all of it.
    func decode(_ decoder: (_ next: inout UnsafePointer<UInt8>?, _ byteCount: Int) -> OpaquePointer?) -> KeyHandle? {
        let start = UnsafePointer(content)
        var next: UnsafePointer<UInt8>? = start
        guard let key = decoder(&next, contentByteCount) else { return nil }
        let handle = KeyHandle(adopting: key)
        return next == start + contentByteCount ? handle : nil
    }

    private struct Reading {
        let label: String
        let isEncrypted: Bool
        let content: UnsafeMutablePointer<UInt8>
        let contentByteCount: Int
        let restByteCount: Int
    }

    private static func read(_ pem: UnsafeRawBufferPointer, ignoring ignored: String?) -> Reading? {
        guard let input = BIO_new_mem_buf(pem.baseAddress, Int32(pem.count)) else { return nil }
        defer { BIO_free(input) }
        guard let first = readNext(input) else { return nil }
        guard first.label == ignored else { return first }
        copenssl_clear_free(first.content, first.contentByteCount)
        return readNext(input)
    }

    private static func readNext(_ input: OpaquePointer) -> Reading? {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var content: UnsafeMutablePointer<UInt8>?
        var contentByteCount = 0
        guard PEM_read_bio(input, &name, &header, &content, &contentByteCount) == 1 else { return nil }
        defer {
            copenssl_free(name)
            copenssl_free(header)
        }
        guard let name, let header, let content else {
            copenssl_clear_free(content, contentByteCount)
            return nil
        }
        return Reading(
            label: String(cString: name),
            // Only the old encryption uses header lines.
            isEncrypted: header.pointee != 0,
            content: content,
            contentByteCount: contentByteCount,
            restByteCount: Int(BIO_ctrl_pending(input))
        )
    }
}
