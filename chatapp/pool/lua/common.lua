-- What all scripts of the pool begin with. Times are milliseconds of Redis' own clock.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local SLOW_START = 15000 -- a member that has come back gets its full share after this
local DAY_PARTS = 144 -- a rolling day is counted in parts; one part more is waited for
local KEEP = 172800000 -- what nobody has touched for two days is forgotten

local function int(number)
  return string.format('%.0f', number)
end

local FIELDS = {
  'hold', 'hold_why', 'open', 'open_why', 'probe', 'probe_until', 'slow', 'requests', 'tokens',
  'day', 'day_part', 'rpm', 'tpm', 'rpd', 'written', 'row', 'streak', 'limited', 'recent',
}
local TEXTS = { hold_why = true, open_why = true, probe = true, recent = true }

-- A member's state, with 0 and '' for what is not set.
local function load(key)
  local values = redis.call('HMGET', key, unpack(FIELDS))
  local member = {}
  for i, name in ipairs(FIELDS) do
    if TEXTS[name] then
      member[name] = values[i] or ''
    else
      member[name] = tonumber(values[i] or 0) or 0
    end
  end
  return member
end

local function keep(...)
  for _, key in ipairs({ ... }) do
    redis.call('PEXPIRE', key, KEEP)
  end
end

-- An entry of the last minute is "lease:requests:tokens".
local function amounts(entry)
  local requests, tokens = string.match(entry, ':(%d+):(%d+)$')
  return tonumber(requests), tonumber(tokens)
end

-- Forget what is older than a minute. True: the sums have changed.
local function forget_minute(member, log, minute)
  local old = redis.call('ZRANGEBYSCORE', log, '-inf', int(now - minute))
  if #old == 0 then
    return false
  end
  for _, entry in ipairs(old) do
    local requests, tokens = amounts(entry)
    member.requests = member.requests - requests
    member.tokens = member.tokens - tokens
  end
  redis.call('ZREMRANGEBYSCORE', log, '-inf', int(now - minute))
  if redis.call('ZCARD', log) == 0 then
    member.requests, member.tokens = 0, 0
  end
  return true
end

-- Forget what is older than a day, or than the last midnight of the provider's clock.
-- Returns whether the sum has changed and, for a fixed clock, when it is set back.
local function forget_day(member, days, length, clock)
  if clock[1] > 0 then
    local began, ends = 0, clock[1]
    for _, midnight in ipairs(clock) do
      if midnight <= now then
        began = midnight
      end
    end
    for i = #clock, 1, -1 do
      if clock[i] > now then
        ends = clock[i]
      end
    end
    if member.day_part ~= began then
      member.day, member.day_part = 0, began
      return true, ends
    end
    return false, ends
  end
  local part = math.floor(now * DAY_PARTS / length)
  if member.day_part == part then
    return false, 0
  end
  local sum, parts = 0, redis.call('HGETALL', days)
  for i = 1, #parts, 2 do
    if tonumber(parts[i]) < part - DAY_PARTS then
      redis.call('HDEL', days, parts[i])
    else
      sum = sum + tonumber(parts[i + 1])
    end
  end
  member.day, member.day_part = sum, part
  return true, 0
end

-- How long until a part of a rolling day has passed that frees something.
local function day_wait(days, length)
  local first, parts = nil, redis.call('HGETALL', days)
  for i = 1, #parts, 2 do
    local part = tonumber(parts[i])
    if tonumber(parts[i + 1]) > 0 and (not first or part < first) then
      first = part
    end
  end
  if not first then
    return 1
  end
  return math.max(1, math.ceil((first + DAY_PARTS + 1) * length / DAY_PARTS - now))
end

local function count_day(key, days, member, clock, requests)
  member.day = member.day + requests
  if clock[1] == 0 then
    redis.call('HINCRBY', days, int(member.day_part), requests)
    keep(days)
  end
end

-- The tighter of what is configured and what the provider has told; 0: no limit.
local function limit_of(configured, learned, share)
  local limit = configured
  if learned > 0 and (limit == 0 or learned < limit) then
    limit = learned
  end
  if limit > 0 and share > 1 then
    return math.max(1, math.floor(limit / share))
  end
  return limit
end
