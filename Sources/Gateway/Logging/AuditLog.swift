import Logging
import Sessions

/// What happened to accounts and sessions, for whoever looks into an incident.
///
/// Its logger is called `audit`. What it tells is counted, too.
struct AuditLog: Sendable {
    let logger: Logger
    let metrics: MetricsRegistry

    func loggedIn(subject: String, session: String, context: ControlContext) {
        metrics.count(.logins, ("result", "ok"))
        metrics.count(.tokensIssued, ("grant", "password"))
        logger.notice(
            "login",
            metadata: [
                "subject": "\(subject)", "session": "\(session)", "client_address": "\(context.clientAddress)",
                "request_id": "\(context.requestID)",
            ])
    }

    func loginRefused(context: ControlContext) {
        metrics.count(.logins, ("result", "refused"))
        // The name is left out: people type their password into the wrong field.
        logger.notice(
            "login refused",
            metadata: ["client_address": "\(context.clientAddress)", "request_id": "\(context.requestID)"])
    }

    func loginThrottled(retryAfterSeconds: Int, context: ControlContext) {
        metrics.count(.logins, ("result", "throttled"))
        logger.warning(
            "login throttled",
            metadata: [
                "retry_after_s": "\(retryAfterSeconds)", "client_address": "\(context.clientAddress)",
                "request_id": "\(context.requestID)",
            ])
    }

    func issuedToClient(_ client: String, context: ControlContext) {
        metrics.count(.tokensIssued, ("grant", "client_credentials"))
        logger.notice(
            "token issued to a client",
            metadata: [
                "client_id": "\(client)", "client_address": "\(context.clientAddress)",
                "request_id": "\(context.requestID)",
            ])
    }

    /// Somebody came to the admin listener with a token that is not the administrator's.
    func administrationRefused(context: AdminContext) {
        logger.warning(
            "administration refused",
            metadata: ["client_address": "\(context.clientAddress)", "request_id": "\(context.requestID)"])
    }

    func clientRefused(context: ControlContext) {
        // The name is left out: a secret may stand in its place.
        logger.notice(
            "client refused",
            metadata: ["client_address": "\(context.clientAddress)", "request_id": "\(context.requestID)"])
    }

    /// An administrator changed something; which it was stands in constant words.
    func administered(
        _ change: StaticString, _ name: String, kind: String? = nil, reason: String? = nil, count: Int? = nil,
        context: AdminContext
    ) {
        var metadata: Logger.Metadata = [
            "change": "\(change)", "name": "\(name)", "client_address": "\(context.clientAddress)",
            "request_id": "\(context.requestID)",
        ]
        if let kind { metadata["kind"] = "\(kind)" }
        if let reason { metadata["reason"] = "\(reason)" }
        if let count { metadata["count"] = "\(count)" }
        logger.notice("administration", metadata: metadata)
    }

    func record(_ event: AuditEvent) {
        count(event)
        switch event {
        case .sessionBegan(let session, let subject, let client):
            logger.notice(
                "session began", metadata: ["session": "\(session)", "subject": "\(subject)", "client_id": "\(client)"])
        case .refreshed(let session, let subject, let generation, let isRetry, let age):
            logger.notice(
                isRetry ? "refresh repeated" : "refreshed",
                metadata: [
                    "session": "\(session)", "subject": "\(subject)", "generation": "\(generation)",
                    "session_age_ms": "\(age)",
                ])
        case .reuseDetected(let session, let subject, let presented, let current, let sinceRotation, let age):
            logger.warning(
                "refresh token reuse detected",
                metadata: [
                    "session": "\(session)", "subject": "\(subject)", "generation_presented": "\(presented)",
                    "generation_current": "\(current)", "since_rotation_ms": "\(sinceRotation)",
                    "session_age_ms": "\(age)",
                ])
        case .refreshRefused(let session, let reason):
            logger.notice(
                "refresh refused", metadata: ["session": "\(session ?? "-")", "reason": "\(reason.rawValue)"])
        case .sessionEnded(let session, let subject, let reason):
            logger.notice(
                "session ended",
                metadata: ["session": "\(session)", "subject": "\(subject ?? "-")", "reason": "\(reason.rawValue)"])
        case .allSessionsEnded(let subject, let count, let reason):
            logger.notice(
                "all sessions ended",
                metadata: ["subject": "\(subject)", "sessions": "\(count)", "reason": "\(reason.rawValue)"])
        }
    }

    private func count(_ event: AuditEvent) {
        switch event {
        case .refreshed(_, _, _, let isRetry, _):
            metrics.count(.refreshes, ("result", isRetry ? "grace" : "rotated"))
            metrics.count(.tokensIssued, ("grant", "refresh_token"))
        case .reuseDetected: metrics.count(.refreshes, ("result", "reuse"))
        case .refreshRefused(_, let reason): metrics.count(.refreshes, ("result", reason.metricsResult))
        case .sessionBegan, .sessionEnded, .allSessionsEnded: break
        }
    }
}

extension SessionError.Grant {
    /// The result under which a refused refresh is counted.
    fileprivate var metricsResult: String {
        switch self {
        case .expired, .unknownSession: "expired"
        case .reused, .ahead: "reuse"
        case .malformed, .forged, .revoked, .otherClient: "invalid"
        }
    }
}
