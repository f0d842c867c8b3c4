import RedisClient

/// The Lua that a mirror needs.
enum MirrorScripts {
    /// Tells where the stream stands, in one step, and renews the mirror's lease.
    ///
    /// `KEYS`: stream, epoch, leases. `ARGV`: the id read last or empty, the mirror's name, the length of its lease in
    /// milliseconds or 0 for none, the position it has applied, a value for `epoch` if there is none or empty.
    static let stand = RedisScript(
        source: """
            local function text(number) return string.format('%.0f', number) end
            local time = redis.call('TIME')
            local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
            local last, deleted, has = '0-0', '', '0'
            if redis.call('EXISTS', KEYS[1]) == 1 then
              local info = redis.call('XINFO', 'STREAM', KEYS[1])
              for index = 1, #info, 2 do
                if info[index] == 'last-generated-id' then last = info[index + 1]
                elseif info[index] == 'max-deleted-entry-id' then deleted = info[index + 1] end
              end
              -- Trimming does not count as deleting, but an empty stream has lost whatever it had.
              if redis.call('XLEN', KEYS[1]) == 0 then deleted = last end
              if ARGV[1] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 1 then has = '1' end
            end
            if ARGV[5] ~= '' then redis.call('SET', KEYS[2], ARGV[5], 'NX') end
            local epoch = redis.call('GET', KEYS[2]) or ''
            local since = tonumber(redis.call('HGET', KEYS[3], 'since'))
            if redis.call('HGET', KEYS[3], 'epoch') ~= epoch then
              -- Leases of another epoch, which may outlive it where keys are evicted one by one, prove nothing.
              redis.call('DEL', KEYS[3])
              since = nil
            end
            -- Where the clock was set back counting begins anew, too.
            if not since or since > now then
              since = now
              redis.call('HSET', KEYS[3], 'epoch', epoch, 'since', text(now))
            end
            if tonumber(ARGV[3]) > 0 then
              redis.call('HSET', KEYS[3], ARGV[2], text(now + tonumber(ARGV[3])) .. ' ' .. ARGV[4])
            else redis.call('HDEL', KEYS[3], ARGV[2]) end
            redis.call('PEXPIRE', KEYS[3], 86400000)
            local leases, peers = redis.call('HGETALL', KEYS[3]), {}
            for index = 1, #leases, 2 do
              local name = leases[index]
              if name ~= 'since' and name ~= 'epoch' and name ~= ARGV[2] then
                local ends = tonumber(string.match(leases[index + 1], '^(%d+) ')) or 0
                if ends > now then table.insert(peers, name) else redis.call('HDEL', KEYS[3], name) end
              end
            end
            return {text(now), epoch, last, deleted, has, text(since), peers}
            """)

    /// Tells how many mirrors with a lease have not applied a position yet.
    ///
    /// A record of leases that is younger than a lease may lack some, so it counts as one more for that long.
    ///
    /// -1 when the epoch is not the one that was written under: then the position means nothing.
    ///
    /// `KEYS`: leases, epoch. `ARGV`: milliseconds and sequence of the position, the length of a lease, the epoch.
    static let behind = RedisScript(
        source: """
            local function text(number) return string.format('%.0f', number) end
            local time = redis.call('TIME')
            local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
            if redis.call('GET', KEYS[2]) ~= ARGV[4] then return -1 end
            if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[4] then
              redis.call('DEL', KEYS[1])
              redis.call('HSET', KEYS[1], 'epoch', ARGV[4], 'since', text(now))
            end
            redis.call('HSETNX', KEYS[1], 'since', text(now))
            redis.call('PEXPIRE', KEYS[1], 86400000)
            local leases, behind = redis.call('HGETALL', KEYS[1]), 0
            for index = 1, #leases, 2 do
              if leases[index] == 'since' then
                if now - (tonumber(leases[index + 1]) or now) < tonumber(ARGV[3]) then behind = behind + 1 end
              elseif leases[index] ~= 'epoch' then
              local ends, first, second = string.match(leases[index + 1], '^(%d+) (%d+)%-(%d+)$')
              if not ends then behind = behind + 1
              elseif tonumber(ends) <= now then redis.call('HDEL', KEYS[1], leases[index])
              else
                local wanted, number = tonumber(ARGV[1]), tonumber(ARGV[2])
                first, second = tonumber(first), tonumber(second)
                if first < wanted or (first == wanted and second < number) then behind = behind + 1 end
              end
              end
            end
            return behind
            """)

    /// Writes revocations again that a Redis has lost; what it still has is left as it is.
    ///
    /// `KEYS`: stream, epoch, then one key for each. `ARGV`: now, horizon, seed, then for each: kind, id, cut-off or
    /// empty, life.
    static let restore = RedisScript(
        source: RevocationScripts.prelude + """
            local now = tonumber(ARGV[1])
            local log = {stream = KEYS[1], epoch = KEYS[2], now = now, newest = 0, horizon = tonumber(ARGV[2]),
              seed = ARGV[3]}
            local written = 0
            for index = 3, #KEYS do
              local key, at = KEYS[index], 4 + 4 * (index - 3)
              local kind, id, wanted, life = ARGV[at], ARGV[at + 1], decimal(ARGV[at + 2]), tonumber(ARGV[at + 3])
              local known = redis.call('GET', key)
              if not known or (wanted and (decimal(known) or -1) < wanted) then
                written = written + 1
                if wanted then
                  keep(key, text(math.max(wanted, decimal(known) or -1)), life)
                  record(log, kind, id, wanted, life, 'restored')
                else mark(log, key, kind, id, life, 'restored') end
              end
            end
            return written
            """)
}
