-- Choose who answers and reserve all that the answer may use, or tell the soonest wait and why.
--
-- KEYS: the turns of the tier, the processes, then for each member its state, leases, log, days.
-- ARGV: lease, process, length of a lease, length of a minute, length of a day, tokens of the
--   prompt, share of the limits, the member that is preferred (0: none), then for each member
--   weight, rpm, tpm, rpd, concurrency and three midnights (0: a rolling day).
-- Returns {1, member, whether it is a probe, reserved tokens, processes, passed}
--   or {0, milliseconds, why, member, processes, passed}; passed is a member, milliseconds and why,
--   again and again, for all that cannot be asked now.
local lease, process = ARGV[1], ARGV[2]
local lease_length, minute, day = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local prompt, share, preferred = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local GLOBALS, PER_MEMBER, KEYS_EACH = 8, 8, 4
local CROWDED = 50 -- nobody knows when a place becomes free: ask again after this
local LONGEST = 900000 -- nothing rests longer and nothing counts from later: the clock went back

redis.call('ZADD', KEYS[2], int(now + lease_length), process)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now))
local processes = redis.call('ZCARD', KEYS[2])
keep(KEYS[2])

-- How long until so much of the last minute has passed that this is free again.
local function minute_wait(log, requests, tokens)
  local entries = redis.call('ZRANGE', log, 0, 499, 'WITHSCORES')
  for i = 1, #entries, 2 do
    local freed_requests, freed_tokens = amounts(entries[i])
    requests, tokens = requests - freed_requests, tokens - freed_tokens
    if requests <= 0 and tokens <= 0 then
      local at = tonumber(entries[i + 1])
      if at > now + LONGEST then
        for j = 1, #entries, 2 do
          if tonumber(entries[j + 1]) > now + LONGEST then
            redis.call('ZADD', log, int(now), entries[j])
          end
        end
        at = now
      elseif at > now then
        at = at - lease_length
      end
      return math.max(1, at + minute - now)
    end
  end
  return CROWDED
end

local function consider(i)
  local first = 2 + (i - 1) * KEYS_EACH
  local offset = GLOBALS + (i - 1) * PER_MEMBER
  local function argument(n)
    return tonumber(ARGV[offset + n])
  end
  local member = load(KEYS[first + 1])
  member.key, member.leases = KEYS[first + 1], KEYS[first + 2]
  member.log, member.days = KEYS[first + 3], KEYS[first + 4]
  member.clock = { argument(6), argument(7), argument(8) }
  local wait, why = 0, ''
  local function block(milliseconds, reason)
    if milliseconds > wait then
      wait, why = milliseconds, reason
    end
  end

  if member.hold > now then
    block(member.hold - now, member.hold_why)
  end
  if member.open > 0 then
    if member.open > now and member.open <= now + LONGEST then
      block(member.open - now, member.open_why)
    elseif member.probe ~= '' and member.probe_until > now then
      block(CROWDED, member.open_why)
    else
      member.probes = true
    end
  end

  redis.call('ZREMRANGEBYSCORE', member.leases, '-inf', int(now))
  local places = limit_of(argument(5), 0, share)
  if places > 0 and redis.call('ZCARD', member.leases) >= places then
    block(CROWDED, 'concurrency')
  end

  local sums_changed = forget_minute(member, member.log, minute)
  local day_changed, ends = forget_day(member, member.days, day, member.clock)
  local rpm = limit_of(argument(2), member.rpm, share)
  local tpm = limit_of(argument(3), member.tpm, share)
  local rpd = limit_of(argument(4), member.rpd, share)
  member.need = prompt + math.ceil(member.written > 0 and member.written or 300)
  if tpm > 0 then
    member.need = math.min(member.need, tpm)
  end
  local requests_over = rpm > 0 and member.requests + 1 - rpm or 0
  local tokens_over = tpm > 0 and member.tokens + member.need - tpm or 0
  if requests_over > 0 or tokens_over > 0 then
    local reason = requests_over > 0 and 'rpm' or 'tpm'
    block(minute_wait(member.log, requests_over, tokens_over), reason)
  end
  if rpd > 0 and member.day >= rpd then
    block(ends > 0 and ends - now or day_wait(member.days, day), 'rpd')
  end
  if wait > 0 and (sums_changed or day_changed) then
    redis.call('HMSET', member.key, 'requests', int(member.requests), 'tokens',
      int(member.tokens), 'day', int(member.day), 'day_part', int(member.day_part))
  end

  member.weight = argument(1) * 100
  local back = now - member.slow
  if not member.probes and member.slow > 0 and back < SLOW_START then
    member.weight = math.max(math.floor(member.weight * back / SLOW_START), argument(1) * 10)
    member.slowly = true
  end
  member.wait, member.why = wait, why
  return member
end

local able, passed, soonest, chosen = {}, {}, nil, nil
for i = 1, (#KEYS - 2) / KEYS_EACH do
  local member = consider(i)
  member.index = i
  if member.wait == 0 then
    able[#able + 1] = member
    if i == preferred and not member.probes and not member.slowly then
      chosen = member
    end
  else
    passed[#passed + 1] = i
    passed[#passed + 1] = math.ceil(member.wait)
    passed[#passed + 1] = member.why
    if not soonest or member.wait < soonest.wait then
      soonest = member
    end
  end
end
if #able == 0 then
  return { 0, math.ceil(soonest.wait), soonest.why, soonest.index, processes, passed }
end

-- Smooth weighted round robin: all gain their weight, the richest answers and pays for all.
local function whose_turn()
  local keys = {}
  for i, member in ipairs(able) do
    keys[i] = member.key
  end
  local credits = redis.call('HMGET', KEYS[1], unpack(keys))
  local total, richest, changed = 0, nil, {}
  for i, member in ipairs(able) do
    member.credit = tonumber(credits[i] or 0) + member.weight
    total = total + member.weight
    if not richest or member.credit > richest.credit then
      richest = member
    end
  end
  richest.credit = richest.credit - total
  for _, member in ipairs(able) do
    changed[#changed + 1] = member.key
    changed[#changed + 1] = int(member.credit)
  end
  redis.call('HMSET', KEYS[1], unpack(changed))
  return richest
end
chosen = chosen or whose_turn() -- who is preferred takes nobody's turn

redis.call('ZADD', chosen.leases, int(now + lease_length), lease)
-- Until it is settled nobody knows when the provider counts it: it may take as long as the lease.
redis.call('ZADD', chosen.log, int(now + lease_length), lease .. ':1:' .. int(chosen.need))
count_day(chosen.key, chosen.days, chosen, chosen.clock, 1)
local state = {
  'requests', int(chosen.requests + 1), 'tokens', int(chosen.tokens + chosen.need),
  'day', int(chosen.day), 'day_part', int(chosen.day_part),
}
if chosen.probes then
  for _, value in ipairs({ 'probe', lease, 'probe_until', int(now + lease_length) }) do
    state[#state + 1] = value
  end
end
redis.call('HMSET', chosen.key, unpack(state))
keep(KEYS[1], chosen.key, chosen.leases, chosen.log)
return { 1, chosen.index, chosen.probes and 1 or 0, chosen.need, processes, passed }
