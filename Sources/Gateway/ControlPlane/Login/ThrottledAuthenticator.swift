import Credentials

/// Lets nobody guess passwords faster than ``LoginThrottle`` allows, whoever judges them.
struct ThrottledAuthenticator: Authenticating {
    let authenticator: any Authenticating
    let throttle: LoginThrottle

    func authenticate(
        name: String, password: [UInt8], address: String
    ) async throws(CredentialError) -> LoginIdentity {
        switch await throttle.begin(name: name, address: address) {
        case .refused(let seconds):
            throw CredentialError(.throttled(retryAfterSeconds: seconds))
        case .allowed(let attempt):
            do throws(CredentialError) {
                let identity = try await authenticator.authenticate(name: name, password: password, address: address)
                await throttle.succeeded(attempt)
                return identity
            } catch {
                if error.code != .invalidCredentials { await throttle.forget(attempt) }
                throw error
            }
        }
    }
}
