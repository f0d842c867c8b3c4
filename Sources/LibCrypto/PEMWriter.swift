import COpenSSL

/// Runs one of OpenSSL's PEM writers into memory.
enum PEMWriter {
    static func write(_ writer: (_ output: OpaquePointer) -> Int32) throws(CryptoError) -> [UInt8] {
        // Freeing a memory BIO wipes its buffer.
        guard let output = BIO_new(BIO_s_mem()) else { throw .fromOpenSSL(.libraryFailure, "writing PEM") }
        defer { BIO_free(output) }
        guard writer(output) == 1 else { throw .fromOpenSSL(.libraryFailure, "writing PEM") }
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(output)))
        guard BIO_read(output, &bytes, Int32(bytes.count)) == Int32(bytes.count) else {
            throw .fromOpenSSL(.libraryFailure, "writing PEM")
        }
        return bytes
    }
}
