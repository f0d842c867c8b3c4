/// The peer's certificate is to be trusted, but is for another name than the one that was meant.
package struct PeerNameMismatch: Error {
    /// The mismatch.
    package init() {}
}
