-- Charge a question under all limits of a person, or under none.
--
-- KEYS: the person's counts, places of running answers, the question as it was sent.
-- ARGV: see the names below; then four beginnings of days and four of months around now.
-- Returns {1, asked, questions and tokens of the day, of the month}, all with this question;
--   {0, limit, until}; {2}: this question is charged already; {3, now}: the counts must be read.
local NAMES = {
  'answer', 'tokens', 'lease', 'every', 'burst', 'at_once',
  'day_questions', 'day_tokens', 'month_questions', 'month_tokens',
  'read', 'day', 'read_day_questions', 'read_day_tokens',
  'month', 'read_month_questions', 'read_month_tokens',
}
local counts, places, sent = KEYS[1], KEYS[2], KEYS[3]
local a = { answer = ARGV[1] }
for i = 2, #NAMES do
  a[NAMES[i]] = tonumber(ARGV[i])
end
if redis.call('EXISTS', sent) == 1 then
  return { 2 }
end

local FIELDS = {
  'tat', 'day', 'day_questions', 'day_tokens', 'month', 'month_questions', 'month_tokens', 'read',
}
local values, c = redis.call('HMGET', counts, unpack(FIELDS)), {}
for i, name in ipairs(FIELDS) do
  c[name] = tonumber(values[i] or 0) or 0
end

-- A place that ran out was not settled: what became of it is in the database alone.
local lost = redis.call('ZRANGEBYSCORE', places, '-inf', int(now))
if #lost > 0 then
  redis.call('ZREMRANGEBYSCORE', places, '-inf', int(now))
  c.read = 0
end

-- The period that is now, and a count that begins anew with it.
local function turn(name, first)
  local begins, ends, known = tonumber(ARGV[first]), tonumber(ARGV[first + 3]), false
  for i = 3, 0, -1 do
    local bound = tonumber(ARGV[first + i])
    if bound > now then
      ends = bound
    end
    known = known or bound == c[name]
  end
  for i = 0, 3 do
    local bound = tonumber(ARGV[first + i])
    if bound <= now then
      begins = bound
    end
  end
  if c[name] ~= begins then
    if c[name] > begins or not known and c[name] > tonumber(ARGV[first]) then
      c.read = 0 -- the clock went back, or another one holds from now on
    end
    c[name], c[name .. '_questions'], c[name .. '_tokens'] = begins, 0, 0
  end
  if a.read == 1 and a[name] == begins then
    c[name .. '_questions'] = math.max(c[name .. '_questions'], a['read_' .. name .. '_questions'])
    c[name .. '_tokens'] = math.max(c[name .. '_tokens'], a['read_' .. name .. '_tokens'])
    return ends, true
  end
  return ends, false
end
local day_ends, day_read = turn('day', #NAMES + 1)
local month_ends, month_read = turn('month', #NAMES + 5)
if day_read and month_read then
  c.read = 1
end

local function write()
  local state = {}
  for _, name in ipairs(FIELDS) do
    state[#state + 1] = name
    state[#state + 1] = name == 'tat' and string.format('%.3f', c.tat) or int(c[name])
  end
  redis.call('HMSET', counts, unpack(state))
  redis.call('PEXPIRE', counts, KEEP)
end

local counted = a.day_questions + a.day_tokens + a.month_questions + a.month_tokens > 0
if counted and c.read == 0 then
  write()
  return { 3, int(math.floor(now)) }
end

-- What runs counts with what it may use.
local used = {
  day_questions = c.day_questions + 1, day_tokens = c.day_tokens + a.tokens,
  month_questions = c.month_questions + 1, month_tokens = c.month_tokens + a.tokens,
}
local running = redis.call('ZRANGE', places, 0, -1)
for _, place in ipairs(running) do
  local _, asked, tokens = parts(place)
  for _, name in ipairs({ 'day', 'month' }) do
    if asked >= c[name] then
      used[name .. '_questions'] = used[name .. '_questions'] + 1
      used[name .. '_tokens'] = used[name .. '_tokens'] + tokens
    end
  end
end

local why, when = nil, 0
local function deny(name, moment)
  if not why or moment > when then
    why, when = name, moment
  end
end
if a.at_once > 0 and #running >= a.at_once then
  deny('at_once', 0)
end
local tat = math.max(c.tat, now)
if a.every > 0 then
  -- Farther ahead than a burst it was before the clock jumped back: that locks nobody out.
  if tat > now + a.burst * a.every + 1 then
    tat = now
  end
  tat = tat + a.every
  local free = tat - a.burst * a.every
  if free - now > 0.0015 then
    deny('minute', free)
  end
end
for _, name in ipairs({ 'day_questions', 'day_tokens', 'month_questions', 'month_tokens' }) do
  if a[name] > 0 and used[name] > a[name] then
    deny(name, string.sub(name, 1, 3) == 'day' and day_ends or month_ends)
  end
end
if why then
  if #lost > 0 or a.read == 1 then
    write()
  end
  return { 0, why, int(math.ceil(when)) }
end

c.tat = tat
write()
local asked = int(math.floor(now))
redis.call('ZADD', places, int(now + a.lease), a.answer .. ':' .. asked .. ':' .. int(a.tokens))
redis.call('PEXPIRE', places, KEEP)
redis.call('SET', sent, a.answer, 'PX', int(a.lease))
return {
  1, asked, int(used.day_questions), int(used.day_tokens), int(used.month_questions),
  int(used.month_tokens),
}
