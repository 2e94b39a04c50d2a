import Redis

/// The limiter inside Redis: one call reads, teaches and takes, for all buckets of a request.
///
/// Its twin in Swift is ``LimitArithmetic``: the two compute alike to the last digit, and a test holds them to it.
///
/// Keys: the epoch's, then the buckets'. Arguments: ``TurnHeader``'s numbers, the identity of the server that runs
/// it, the identity this limiter met before, then each bucket's ``BucketTurn/numbers``. A bucket is a string, see
/// ``BucketState``; it expires a day after nothing of it would matter any more.
///
/// Answers ``TurnAnswer``'s integers. Every wait is told, none is slept.
enum LimitScript {
    static let script = RedisScript(head + plain + perBucket + waits + ending)

    /// Time, epoch.
    private static let head = """
        local now, band, dry, away, grace, outage = struct.unpack('<dddddd', ARGV[1])
        band = band + 1
        if now < 0 then
          local time = redis.call('TIME')
          now = time[1] * 1000000 + time[2]
        end
        local known = redis.call('HMGET', KEYS[1], 'born', 'calm', 'away', ARGV[2], ARGV[3])
        local born, calm, long = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])
        if not (born and known[4] and known[5]) then
          local old = born
          born = now + grace
          if born == old then born = born + 1 end
          calm, long = born, 0
          if redis.call('HLEN', KEYS[1]) > 64 then redis.call('DEL', KEYS[1]) end
          local text = string.format('%.0f', born)
          redis.call('HSET', KEYS[1], 'born', text, 'calm', text, 'away', '0', ARGV[2], '1', ARGV[3], '1')
        elseif away > 0 and calm - grace < now - away then
          if now < calm + long then long = math.max(long, away) else long = away end
          calm = now + grace
          redis.call('HSET', KEYS[1], 'calm', string.format('%.0f', calm), 'away', string.format('%.0f', long))
        end

        local min, max, floor, ceil = math.min, math.max, math.floor, math.ceil
        local FIXED, SHORT = '<dddddddddddddddddddddd', '<dddddddd'
        local RESERVE = {0, 0.05, 0.1, 0.2, 0.3}

        """

    /// The usual call, without what it does not need: buckets of tokens that nobody waits for and that have what is
    /// wanted. Any other goes on below, from the beginning.
    private static let plain = """
        if dry == 0 and now >= calm then
          local reserve, packed, life, count = RESERVE[band], {false, false, false}, '172800000', #KEYS
          local pack, unpack = struct.pack, struct.unpack
          for i = 2, count do
            local raw, turn = redis.call('GET', KEYS[i]), ARGV[i + 2]
            if not (raw and #raw == 64 and #turn == 64) then break end
            local kind, share, capacity, rate, _, _, take = unpack(SHORT, turn)
            local known, at, k, level, a, r = unpack(SHORT, raw)
            if k ~= 1 or kind ~= 1 or known ~= born or at < calm then break end
            if a > 0 then capacity, life = a, '2764800000' end
            if r > 0 then rate = r end
            local full, speed = capacity * share, rate * share
            if now > at then level = level + (now - at) * speed / 1000000 end
            if level > full then level = full end
            local need = take + reserve * full
            if need > full then need = full end
            if need - level > 1e-9 or (full - level + take) / speed > 80000 then break end
            packed[i] = pack(SHORT, born, now, 1, level - take, a, r, full, speed)
          end
          if packed[count] then
            for i = 2, count do redis.call('SET', KEYS[i], packed[i], 'PX', life) end
            return {0, 0, now, born, 0, 0, 0}
          end
        end
        local SLACK, HOUR, DAY = 250000, 3600000000, 86400000000

        -- Until when what may have been used before has to be waited for.
        local function opens(first, length, more)
          if first == -2 then return calm end
          if long >= length then return calm + length + more end
          return first == born and born or born + length + more
        end

        local all, longest, slowest, draw, report, rest = {}, 0, 0, 0, 0, 0

        """

    /// What is known of a bucket, refilled up to now, with what was learned.
    private static let perBucket = """
        for i = 2, #KEYS do
          local t
          if #ARGV[i + 2] == 64 then
            local kind, share, p1, p2, p3, p4, take, taker = struct.unpack(SHORT, ARGV[i + 2])
            t = {kind, share, p1, p2, p3, p4, take, 0, 0, -1, -1, -1, 0, 0, taker, 0, -1, 0, 0, 0, 0, -1}
          else t = {struct.unpack(FIXED, ARGV[i + 2])} end
          local kind, share, p1, p2, take = t[1], t[2], t[3], t[4], t[7]
          local raw = redis.call('GET', KEYS[i])
          local s, n, valid = nil, 22, false
          if raw and #raw == 64 then
            local b, at, k, level, a, r, full, speed = struct.unpack(SHORT, raw)
            s = {b, at, k, level, a, r, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, full, speed}
            valid = b == born and k == kind
          elseif raw and #raw >= 176 and #raw % 16 == 0 then
            n = #raw / 8
            s = {struct.unpack(n == 22 and FIXED or '<' .. string.rep('d', n), raw)}
            s[n + 1] = nil
            valid = s[1] == born and s[3] == kind
          end
          if not valid then
            local old = s
            s, n = {born, born, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 22
            if kind == 1 then s[5], s[6] = -1, -1
            elseif kind == 2 then s[7] = -1
            elseif kind == 4 then s[4] = 500000
            elseif kind == 5 then s[5] = p1 end
            if old and old[3] == kind then
              s[10], s[11] = old[10], old[11]
              if kind == 1 then s[5], s[6] = old[5], old[6]
              elseif kind == 5 then s[5] = min(old[5], p1) end
            end
          end

          local blocked = min(max(0, s[10] - now), s[11])
          if t[13] > blocked then blocked = t[13] end
          if blocked > 0 then
            s[10] = now + blocked
            if t[13] >= blocked then s[11] = blocked end
          else s[10], s[11] = 0, 0 end

          local full, speed, free, lock, idle = 0, 0, 0, 0, 0
          if kind == 1 or kind == 5 then
            local capacity, rate = p1, p2
            if kind == 1 then
              if s[5] > 0 then capacity = s[5] end
              if s[6] > 0 then rate = s[6] end
            else rate = s[5] capacity = max(1, rate) end
            full, speed = capacity * share, rate * share
            local level, at = s[4], s[2]
            if at < calm then level, at = min(level, 0), calm end
            level = min(full, level + max(0, now - at) * speed / 1000000)
            if valid then level = min(full, level + t[9]) end
            if t[8] > 0 then
              local most, fastest = p1, p2
              if kind == 5 then most, fastest = max(1, t[6]), t[6] end
              level = level - min(t[8], outage * share * (most + fastest * max(0, now - calm + grace) / 1000000))
            end
            if kind == 1 and (t[11] > 0 or t[12] > 0) then
              if t[11] > 0 then s[5] = t[11] capacity = t[11] end
              if t[12] > 0 then s[6] = t[12] rate = t[12] end
              full, speed = capacity * share, rate * share
            elseif t[14] > 0 then
              if now - s[6] >= 1000000 or now < s[6] then
                rate = max(t[5], rate / 2)
                capacity = max(1, rate)
                s[5], s[6], full, speed = rate, now, capacity * share, rate * share
              end
              level = min(level, 0)
            end
            level = min(level, full)
            if t[10] >= 0 then level = min(level, max(0, t[10] - (1 - share) * capacity)) end
            if t[13] > 0 then level = min(level, 0) end
            s[4], free, lock = level, level, max(0, calm - now)

          elseif kind == 2 then
            full, speed = floor(p1 * share), 20
            if t[17] >= 0 then
              if t[18] == s[8] then s[4] = s[4] + t[17]
              elseif t[18] > s[8] then s[4], s[8] = t[17], t[18] end
              if t[18] == s[8] then s[5], s[6], s[7], s[9] = now + t[19], now + t[20], t[21], 0 end
            end
            if now < s[5] then
              if valid then s[4] = s[4] + t[9] end
              if t[10] >= 0 then
                local left = max(0, floor(t[10] - (1 - share) * p1))
                s[4] = min(s[4], left)
                if s[4] + s[7] > left then
                  local lower = left - s[4]
                  if lower == 0 or s[7] - lower > full / 100 then report, rest = i - 1, lower end
                  s[7] = lower
                end
              end
              if t[22] >= 0 and math.abs(now + t[22] - (s[5] + s[6]) / 2) > (s[6] - s[5]) / 2 + 1000000 then
                report, rest = i - 1, s[7]
              end
            else s[4] = 0 end
            free = s[4] + max(0, s[7])
            idle = max(0, s[6] - now)

          elseif kind == 3 then
            full = floor(p1 * share)
            speed = full / p2 * 1000000
            local slice, used, kept = floor(now / t[5]), 0, 22
            for j = 23, n, 2 do
              local old, count = min(s[j], slice), s[j + 1]
              if slice - old < 130 then
                used = used + count
                if kept > 22 and s[kept - 1] == old then s[kept] = s[kept] + count
                else s[kept + 1], s[kept + 2], kept = old, count, kept + 2 end
              end
            end
            for j = kept + 1, n do s[j] = nil end
            n = kept
            local add = min(t[8], outage * full * (1 + max(0, now - calm + grace) / p2))
            if t[10] >= 0 then
              add = add + max(0, full - max(0, t[10] - (1 - share) * p1) - used - add)
            end
            if add > 0 then
              if n > 22 and s[n - 1] == slice then s[n] = s[n] + add
              else s[n + 1], s[n + 2], n = slice, add, n + 2 end
              used = used + add
            end
            s[4], s[5], s[6], free = used, slice, t[5], full - used
            idle = p2 + 2 * t[5]
            lock = max(0, opens(t[6], p2, 2 * t[5]) - now)
            if take > 0 or not valid then s[7] = lock > 0 and now + lock or 0 end

          else
            full = floor(p1 * share)
            local kept = 22
            for j = 23, n, 2 do
              local holder, expiry = s[j], min(s[j + 1], now + p2)
              if holder == t[16] then
                s[4] = s[4] * 0.8 + (p2 - (expiry - now)) * 0.2
              elseif expiry > now then
                s[kept + 1], s[kept + 2], kept = holder, expiry, kept + 2
              end
            end
            for j = kept + 1, n do s[j] = nil end
            n = kept
            speed = full * 1000000 / max(1000, s[4])
            free = full - (n - 22) / 2
            lock = max(0, opens(t[6], p2, 0) - now)
            if take > 0 or not valid then s[7] = lock > 0 and now + lock or 0 end
            s[6], idle = p2, p2
          end

        """

    /// How long the take is not possible: for want of tokens, or because somebody more urgent waits.
    private static let waits = """
          local wait, credited = 0, false
          if take > 0 then
            local reserve, kept, ahead, mine = RESERVE[band] * full, 0, 0, 0
            if kind == 2 then reserve = reserve * min(1, max(0, s[5] - now) / p2)
            elseif kind == 4 then reserve = floor(reserve) end
            if s[12] + s[13] + s[14] + s[15] + s[16] > 0 then
              for j = 1, 5 do
                if s[11 + j] + SLACK <= now then
                  s[11 + j] = 0
                  if j > 1 then s[15 + j] = 0 end
                elseif j < band then ahead = max(ahead, s[11 + j])
                elseif j > band then kept = kept + s[15 + j] end
              end
              if band > 1 then mine = s[15 + band] end
            end
            local need = take + reserve + kept
            if mine > 0 and mine >= min(take, full) then need, credited = take, true end
            need = min(need, full)
            local short = need - free
            if kind == 1 or kind == 5 then
              if short > 1e-9 then wait = lock + ceil(min(short / speed * 1000000, HOUR)) end
            elseif take > full then wait = HOUR
            elseif kind == 2 then
              if now >= s[5] then
                if now < s[6] then wait = s[6] - now
                elseif s[9] > now then wait = 20000
                elseif draw == 0 and dry == 0 then draw = i - 1 end
              elseif free < take then wait = s[6] - now
              elseif short > 0 then
                local part = (free - take) / (RESERVE[band] * full)
                wait = kept > 0 and 1000000 or max(1000, ceil(s[5] - part * p2 - now))
              elseif s[4] < take then
                if s[9] > now then wait = 20000 elseif draw == 0 and dry == 0 then draw = i - 1 end
              end
            elseif kind == 3 then
              if short > 1e-9 then
                local gained, at = 0, now
                for j = 23, n, 2 do
                  gained, at = gained + s[j + 1], (s[j] + 130) * t[5]
                  if gained >= short - 1e-9 then break end
                end
                wait = max(1000, ceil(at - now))
              end
            elseif short > 0 then
              wait = max(10000, ceil(short / speed * 1000000))
            end
            if kind ~= 1 and kind ~= 5 then wait = max(wait, lock) end
            wait = max(wait, blocked)
            if not credited and ahead > 0 and free < full - 1e-9 then wait = max(wait, ahead - now, 50000) end
            if wait > 0 and dry == 0 then
              local last = 0
              for j = 1, band do last = max(last, s[11 + j]) end
              local due, step = now + wait, speed > 0 and take / speed * 1000000 or 0
              local after = last + step
              if last > now and after > due and after <= due + max(60000000, 16 * step) then due = after end
              due = ceil(due)
              s[11 + band], wait = due, due - now
            end
            if wait > longest then longest, slowest = wait, i - 1 end
          end
          s[1], s[2], s[3], s[21], s[22] = born, now, kind, full, speed
          all[i] = {s, n, t, max(idle, blocked), credited, floor(p1 * share), wait}
        end

        """

    /// Takes from all or from none, and writes.
    private static let ending = """
        if dry > 0 then
          local answer = {0, 0, now, born, 0, 0, 0}
          for i = 2, #KEYS do answer[i + 6] = all[i][7] end
          return answer
        end
        if longest > 0 then draw = 0 end
        for i = 2, #KEYS do
          local bucket = all[i]
          local s, n, t = bucket[1], bucket[2], bucket[3]
          local kind, take = t[1], t[7]
          if i - 1 == draw then s[9] = now + 1000000 end
          if longest == 0 and draw == 0 and take > 0 then
            if bucket[5] then s[15 + band] = max(0, s[15 + band] - take)
            else
              for j = band + 1, 5 do
                if s[11 + j] > 0 then s[15 + j] = min(s[21], s[15 + j] + take * 0.1) end
              end
            end
            if kind == 3 then
              if n > 22 and s[n - 1] == s[5] then s[n] = s[n] + take
              else s[n + 1], s[n + 2], n = s[5], take, n + 2 end
              s[4] = s[4] + take
            elseif kind == 4 then
              for j = 1, take do s[n + 1], s[n + 2], n = t[15], now + t[4], n + 2 end
            else s[4] = s[4] - take end
            if kind == 5 then s[5] = min(t[6], s[5] + t[4] * take / s[5]) end
          end
          local idle, bytes = bucket[4], nil
          if kind == 1 or kind == 5 then
            idle = max(idle, (s[21] - s[4]) / s[22] * 1000000)
            if kind == 5 or s[5] > 0 then idle = idle + 30 * DAY end
          end
          if n > 22 then bytes = struct.pack('<' .. string.rep('d', n), unpack(s, 1, n))
          elseif kind % 4 == 1 and s[10] + s[12] + s[13] + s[14] + s[15] + s[16] == 0 then
            bytes = struct.pack(SHORT, s[1], s[2], s[3], s[4], s[5], s[6], s[21], s[22])
          else bytes = struct.pack(FIXED, unpack(s, 1, 22)) end
          local life = floor(min(idle + 2 * DAY, 370 * DAY) / 1000)
          redis.call('SET', KEYS[i], bytes, 'PX', string.format('%.0f', life))
        end
        return {longest, slowest, now, born, draw, report, rest}
        """
}
