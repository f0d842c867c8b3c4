import RedisClient
import Revocation

/// The Lua that keeps sessions.
///
/// All reading that can fail comes before the first write, so a refusal changes nothing.
///
/// The names of a session's subject and client become known only from its hash, so scripts derive keys from the prefix.
enum SessionScripts {
    private static let prelude =
        RevocationScripts.prelude + """
            local texts = {'subject', 'subject_id', 'client', 'client_id', 'scope'}
            local numbers = {'generation', 'created', 'rotated', 'expires', 'ends'}

            local function load(key)
              if redis.call('EXISTS', key) == 0 then return nil end
              local session = {}
              for _, name in ipairs(texts) do
                session[name] = redis.call('HGET', key, name) or error('CORRUPT session')
              end
              for _, name in ipairs(numbers) do
                session[name] = decimal(redis.call('HGET', key, name)) or error('CORRUPT session')
              end
              return session
            end

            local function reply(outcome, id, session, issued)
              return {outcome, id, session.subject, session.client, session.scope, text(session.generation),
                text(session.created), text(session.rotated), text(session.expires), text(session.ends),
                text(issued or 0)}
            end

            -- A session that began at or before this is over.
            local function session_cutoff(prefix, id, session)
              if redis.call('EXISTS', prefix .. 'revoked:sid:' .. id) == 1 then return math.huge end
              local newest = math.max(cutoff(prefix .. 'cutoff:sid:' .. id), cutoff(prefix .. 'cutoff:all'),
                cutoff(prefix .. 'revoked:all'))
              for _, name in ipairs({'sub:' .. session.subject_id, 'client:' .. session.client_id}) do
                newest = math.max(newest, cutoff(prefix .. 'cutoff:' .. name), cutoff(prefix .. 'revoked:' .. name))
              end
              return newest
            end

            local function list(prefix, id, session, now)
              local key = prefix .. 'sessions:' .. session.subject_id
              redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now))
              redis.call('ZADD', key, text(session.expires), id)
              local life = math.max(session.expires - now, redis.call('PTTL', key))
              redis.call('PEXPIRE', key, text(life))
            end

            local function remove(prefix, id, session)
              redis.call('DEL', prefix .. 'session:' .. id)
              redis.call('ZREM', prefix .. 'sessions:' .. session.subject_id, id)
            end

            local function revoke_session(log, prefix, id, life, reason)
              life = life + math.max(0, log.newest - log.now)
              mark(log, prefix .. 'revoked:sid:' .. id, 'sid', id, life, reason)
            end

            """

    /// `KEYS`: session, newest issue instant, then every cut-off that concerns it.
    ///
    /// `ARGV`: prefix, now, id, horizon, refresh life, session life, subject, its identifier, client, its identifier,
    /// scope.
    static let begin = RedisScript(
        source: prelude + """
            local prefix, now, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
            if redis.call('EXISTS', KEYS[1]) == 1 then error('CORRUPT session') end
            local cutoffs = {}
            for index = 3, #KEYS do table.insert(cutoffs, cutoff(KEYS[index])) end
            local issued = issue(KEYS[2], now, tonumber(ARGV[4]), cutoffs)
            local ends = now + tonumber(ARGV[6])
            local session = {subject = ARGV[7], subject_id = ARGV[8], client = ARGV[9], client_id = ARGV[10],
              scope = ARGV[11], generation = 1, created = issued, rotated = now,
              expires = math.min(now + tonumber(ARGV[5]), ends), ends = ends}
            for _, name in ipairs(texts) do redis.call('HSET', KEYS[1], name, session[name]) end
            for _, name in ipairs(numbers) do redis.call('HSET', KEYS[1], name, text(session[name])) end
            redis.call('PEXPIRE', KEYS[1], text(session.expires - now))
            list(prefix, id, session, now)
            return reply('began', id, session, issued)
            """
    )

    /// `KEYS`: newest issue instant, then every cut-off that concerns the token.
    ///
    /// `ARGV`: now, horizon.
    static let issueInstant = RedisScript(
        source: prelude + """
            local cutoffs = {}
            for index = 2, #KEYS do table.insert(cutoffs, cutoff(KEYS[index])) end
            return text(issue(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), cutoffs))
            """
    )

    /// `KEYS`: session, stream, epoch, newest issue instant, the signing key's cut-off.
    ///
    /// `ARGV`: prefix, now, id, horizon, seed, generation presented, grace, refresh life, life of a session's mark,
    /// client or empty, scope or empty.
    static let rotate = RedisScript(
        source: prelude + """
            local prefix, now, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
            local session = load(KEYS[1])
            if not session then return {'absent'} end
            local log = {stream = KEYS[2], epoch = KEYS[3], now = now, newest = newest(KEYS[4], now),
              horizon = tonumber(ARGV[4]), seed = ARGV[5]}
            local presented, mark_life = tonumber(ARGV[6]), tonumber(ARGV[9])
            local function over(outcome, reason)
              revoke_session(log, prefix, id, mark_life, reason)
              remove(prefix, id, session)
              return reply(outcome, id, session)
            end

            if now >= session.expires or now >= session.ends or session.generation >= 4294967295 then
              remove(prefix, id, session)
              return {'expired'}
            end
            if session.created <= session_cutoff(prefix, id, session) then return over('cut off', 'revoked') end
            if ARGV[10] ~= '' and ARGV[10] ~= session.client then return {'other client'} end
            if presented > session.generation then return over('ahead', 'refresh token ahead of the store') end
            local is_retry = presented == session.generation - 1
              and math.max(0, now - session.rotated) < tonumber(ARGV[7])
            if presented < session.generation and not is_retry then return over('reused', 'refresh token reuse') end
            for token in string.gmatch(ARGV[11], '[^ ]+') do
              if not string.find(' ' .. session.scope .. ' ', ' ' .. token .. ' ', 1, true) then return {'scope'} end
            end

            local issued = issue(KEYS[4], now, log.horizon, {cutoff(KEYS[5]), cutoff(prefix .. 'revoked:all'),
              cutoff(prefix .. 'revoked:sub:' .. session.subject_id),
              cutoff(prefix .. 'revoked:client:' .. session.client_id)})
            if is_retry then return reply('retried', id, session, issued) end
            session.generation, session.rotated = session.generation + 1, now
            session.expires = math.min(now + tonumber(ARGV[8]), session.ends)
            redis.call('HSET', KEYS[1], 'generation', text(session.generation), 'rotated', text(now),
              'expires', text(session.expires))
            redis.call('PEXPIRE', KEYS[1], text(session.expires - now))
            list(prefix, id, session, now)
            return reply('rotated', id, session, issued)
            """
    )

    /// `KEYS`: session, its mark, stream, epoch, newest issue instant, the token's mark (the session's without one).
    ///
    /// `ARGV`: prefix, now, id, horizon, seed, subject required or empty, life of the session's mark, reason, the
    /// token's identifier, life of its mark or 0.
    static let end = RedisScript(
        source: prelude + """
            local prefix, now, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
            local session = load(KEYS[1])
            if ARGV[6] ~= '' and (not session or session.subject ~= ARGV[6]) then return {'absent'} end
            local log = {stream = KEYS[3], epoch = KEYS[4], now = now, newest = newest(KEYS[5], now),
              horizon = tonumber(ARGV[4]), seed = ARGV[5]}
            local token_life = tonumber(ARGV[10])
            if token_life > 0 and redis.call('EXISTS', KEYS[6]) == 0 then
              mark(log, KEYS[6], 'jti', ARGV[9], token_life, ARGV[8])
            end
            -- Once more after its end: nothing was issued since, so the mark already lives long enough.
            if session or redis.call('EXISTS', KEYS[2]) == 0 then
              revoke_session(log, prefix, id, tonumber(ARGV[7]), ARGV[8])
            end
            if not session then return {'absent'} end
            remove(prefix, id, session)
            return reply('ended', id, session)
            """
    )

    /// `KEYS`: the subject's sessions, its cut-off, its session cut-off, stream, epoch, newest issue instant, the
    /// token's mark (the cut-off's key without one).
    ///
    /// `ARGV`: prefix, now, the subject's identifier, horizon, seed, life of the cut-off, life of the session cut-off,
    /// reason, the token's identifier, life of its mark or 0.
    static let endAll = RedisScript(
        source: prelude + """
            local prefix, now, subject = ARGV[1], tonumber(ARGV[2]), ARGV[3]
            local log = {stream = KEYS[4], epoch = KEYS[5], now = now, newest = newest(KEYS[6], now),
              horizon = tonumber(ARGV[4]), seed = ARGV[5]}
            local ids = redis.call('ZRANGE', KEYS[1], 0, -1)
            local live = redis.call('ZCOUNT', KEYS[1], '(' .. text(now), '+inf')
            local value = cut(log, KEYS[2], 'sub', subject, now, tonumber(ARGV[6]), ARGV[8])
            cut_sessions(KEYS[3], value, tonumber(ARGV[7]))
            if tonumber(ARGV[10]) > 0 and redis.call('EXISTS', KEYS[7]) == 0 then
              mark(log, KEYS[7], 'jti', ARGV[9], tonumber(ARGV[10]), ARGV[8])
            end
            for _, id in ipairs(ids) do redis.call('DEL', prefix .. 'session:' .. id) end
            redis.call('DEL', KEYS[1])
            return live
            """
    )

    /// `KEYS`: the subject's sessions.
    ///
    /// `ARGV`: prefix, now, how many at most.
    static let list = RedisScript(
        source: prelude + """
            local prefix, now = ARGV[1], tonumber(ARGV[2])
            local found = {}
            local ids = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. text(now), 'LIMIT', 0, ARGV[3])
            for _, id in ipairs(ids) do
              local session = load(prefix .. 'session:' .. id)
              if session and session.created > session_cutoff(prefix, id, session) then
                table.insert(found, reply('live', id, session))
              end
            end
            return found
            """
    )
}
