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
            local details = {'device', 'address', 'claims'}

            local function load(key)
              if redis.call('EXISTS', key) == 0 then return nil end
              local session = {}
              for _, name in ipairs(texts) do
                session[name] = redis.call('HGET', key, name) or error('CORRUPT session')
              end
              for _, name in ipairs(numbers) do
                session[name] = decimal(redis.call('HGET', key, name)) or error('CORRUPT session')
              end
              for _, name in ipairs(details) do session[name] = redis.call('HGET', key, name) or '' end
              return session
            end

            local function reply(outcome, id, session, issued)
              return {outcome, id, session.subject, session.client, session.scope, text(session.generation),
                text(session.created), text(session.rotated), text(session.expires), text(session.ends),
                text(issued or 0), session.device, session.address, session.claims}
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
              -- Who falls off the list lives on: cut-offs, and not the list, end a subject's sessions.
              local surplus = redis.call('ZCARD', key) - \(SessionLimits.listedSessions)
              if surplus > 0 then redis.call('ZREMRANGEBYRANK', key, 0, surplus - 1) end
              local life = math.max(session.expires - now, redis.call('PTTL', key))
              redis.call('PEXPIRE', key, text(life))
            end

            local function remove(prefix, id, session)
              redis.call('DEL', prefix .. 'session:' .. id)
              redis.call('ZREM', prefix .. 'sessions:' .. session.subject_id, id)
            end

            -- Whose it was is known for as long as its refresh token would have been good.
            local function bury(prefix, id, session, now)
              remove(prefix, id, session)
              local life = session.expires - now
              if life <= 0 then return end
              local key = prefix .. 'ended:' .. id
              redis.call('HSET', key, 'subject', session.subject, 'subject_id', session.subject_id,
                'until', text(session.expires))
              redis.call('PEXPIRE', key, text(life))
            end

            local function revoke_session(log, prefix, id, life, reason)
              life = life + math.max(0, log.newest - log.now)
              mark(log, prefix .. 'revoked:sid:' .. id, 'sid', id, life, reason)
            end

            """

    /// `KEYS`: session, newest issue instant, then every cut-off that concerns it.
    ///
    /// `ARGV`: prefix, now, id, horizon, refresh life, session life, subject, its identifier, client, its identifier,
    /// scope, device, address, claims.
    static let begin = RedisScript(
        source: prelude + """
            local prefix, now, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
            if redis.call('EXISTS', KEYS[1]) == 1 then error('CORRUPT session') end
            local cutoffs = {}
            for index = 3, #KEYS do table.insert(cutoffs, cutoff(KEYS[index])) end
            local issued = issue(KEYS[2], now, tonumber(ARGV[4]), cutoffs)
            local ends = now + tonumber(ARGV[6])
            local session = {subject = ARGV[7], subject_id = ARGV[8], client = ARGV[9], client_id = ARGV[10],
              scope = ARGV[11], device = ARGV[12], address = ARGV[13], claims = ARGV[14], generation = 1, created = issued, rotated = now,
              expires = math.min(now + tonumber(ARGV[5]), ends), ends = ends}
            for _, name in ipairs(texts) do redis.call('HSET', KEYS[1], name, session[name]) end
            for _, name in ipairs(numbers) do redis.call('HSET', KEYS[1], name, text(session[name])) end
            for _, name in ipairs(details) do redis.call('HSET', KEYS[1], name, session[name]) end
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
    /// client or empty, scope or empty, address or empty.
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
              bury(prefix, id, session, now)
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
            if ARGV[12] ~= '' then
              session.address = ARGV[12]
              redis.call('HSET', KEYS[1], 'address', session.address)
            end
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
            bury(prefix, id, session, now)
            return reply('ended', id, session)
            """
    )

    /// Ends all that a subject has.
    ///
    /// `KEYS`: stream, epoch, newest issue instant, the token's mark (the stream without one).
    ///
    /// `ARGV`: prefix, now, horizon, seed, life of the cut-off, life of the session cut-off, reason, the token's
    /// identifier, life of its mark or 0, the subject, its identifier; or both empty, then a session and the subject
    /// required or empty.
    static let endAll = RedisScript(
        source: prelude + """
            local prefix, now = ARGV[1], tonumber(ARGV[2])
            local subject, subject_id = ARGV[10], ARGV[11]
            local ended
            if subject_id == '' then
              local session = load(prefix .. 'session:' .. ARGV[12])
              if session and now < session.expires then
                subject, subject_id = session.subject, session.subject_id
              else
                ended = prefix .. 'ended:' .. ARGV[12]
                if now >= (decimal(redis.call('HGET', ended, 'until')) or 0) then return {'absent'} end
                subject, subject_id = redis.call('HGET', ended, 'subject'), redis.call('HGET', ended, 'subject_id')
                if not subject or not subject_id then error('CORRUPT session') end
              end
              if ARGV[13] ~= '' and ARGV[13] ~= subject then return {'absent'} end
            end
            local log = {stream = KEYS[1], epoch = KEYS[2], now = now, newest = newest(KEYS[3], now),
              horizon = tonumber(ARGV[3]), seed = ARGV[4]}
            local list = prefix .. 'sessions:' .. subject_id
            local ids = redis.call('ZRANGE', list, 0, -1)
            local live = redis.call('ZCOUNT', list, '(' .. text(now), '+inf')
            local value = cut(log, prefix .. 'revoked:sub:' .. subject_id, 'sub', subject_id, now, tonumber(ARGV[5]),
              ARGV[7])
            cut_sessions(prefix .. 'cutoff:sub:' .. subject_id, value, tonumber(ARGV[6]))
            if tonumber(ARGV[9]) > 0 and redis.call('EXISTS', KEYS[4]) == 0 then
              mark(log, KEYS[4], 'jti', ARGV[8], tonumber(ARGV[9]), ARGV[7])
            end
            for _, id in ipairs(ids) do redis.call('DEL', prefix .. 'session:' .. id) end
            redis.call('DEL', list)
            if ended then redis.call('DEL', ended) end
            return {'ended', subject, text(live)}
            """
    )

    /// Finds a session that is not over.
    ///
    /// `KEYS`: session.
    ///
    /// `ARGV`: prefix, now, id.
    static let find = RedisScript(
        source: prelude + """
            local prefix, now, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
            local session = load(KEYS[1])
            if not session or now >= session.expires or now >= session.ends
              or session.created <= session_cutoff(prefix, id, session) then return {'absent'} end
            return reply('live', id, session)
            """
    )

    /// Lists, and forgets the ids of sessions that are gone.
    ///
    /// `KEYS`: the subject's sessions.
    ///
    /// `ARGV`: prefix, now, how many at most, the instant and the id to begin behind or both empty.
    static let list = RedisScript(
        source: prelude + """
            local prefix, now, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
            local before, last = tonumber(ARGV[4]), ARGV[5]
            local found, gone, offset = {}, {}, 0
            while #found < limit do
              local ids = redis.call('ZREVRANGEBYSCORE', KEYS[1], before and text(before) or '+inf', '(' .. text(now),
                'WITHSCORES', 'LIMIT', offset, 100)
              if #ids == 0 then break end
              for index = 1, #ids, 2 do
                local id, expires = ids[index], tonumber(ids[index + 1])
                if #found < limit and (not before or expires < before or id < last) then
                  local session = load(prefix .. 'session:' .. id)
                  if not session then
                    table.insert(gone, id)
                  elseif session.created > session_cutoff(prefix, id, session) then
                    table.insert(found, reply('live', id, session))
                  end
                end
              end
              offset = offset + #ids / 2
            end
            for _, id in ipairs(gone) do redis.call('ZREM', KEYS[1], id) end
            return found
            """
    )
}
