-- Give back what an attempt held and learn from how it ended.
--
-- KEYS: the member's state, leases, log, days, first tokens, ends by kind.
-- ARGV: see the names below; -1 and '' stand for what is not known.
local NAMES = {
  'lease', 'outcome', 'reserved', 'tokens', 'sent_ago', 'first', 'hold', 'hold_why', 'spoke',
  'kind', 'rpm', 'tpm', 'rpd', 'used_tokens', 'used_day', 'told_ago', 'written', 'minute',
  'day', 'clock1', 'clock2', 'clock3', 'open_first', 'auth_first', 'hold_first',
  'lease_length',
}
local TEXT = { lease = true, outcome = true, hold_why = true, kind = true }
local ROW, PART, PARTS, FEWEST = 3, 3000, 10, 10
local LONGEST_OPEN, LONGEST_AUTH, LONGEST_HOLD = 60000, 900000, 60000
local FRESH = 5000 -- what a provider says of its minute is not used when it is older
local SAMPLES, HOUR = 200, 3600000

local key, leases, log, days, firsts, ends = unpack(KEYS)
local a = {}
for i, name in ipairs(NAMES) do
  a[name] = TEXT[name] and ARGV[i] or tonumber(ARGV[i])
end
local clock = { a.clock1, a.clock2, a.clock3 }
local member = load(key)
local probing = member.probe == a.lease

redis.call('ZREM', leases, a.lease)
forget_minute(member, log, a.minute)
forget_day(member, days, a.day, clock)

-- The reservation becomes what was really used, at the time when the provider counted it.
local entry = a.lease .. ':1:' .. int(a.reserved)
local stamp = redis.call('ZSCORE', log, entry)
if stamp then
  redis.call('ZREM', log, entry)
  member.requests, member.tokens = member.requests - 1, member.tokens - a.reserved
end
local sent = a.outcome ~= 'unused'
if sent and (stamp or a.sent_ago >= 0) then
  local at = a.sent_ago >= 0 and now - a.sent_ago or tonumber(stamp) - a.lease_length
  local tokens = a.tokens >= 0 and a.tokens or a.reserved
  if at > now - a.minute then
    redis.call('ZADD', log, int(at), a.lease .. ':1:' .. int(tokens))
    member.requests, member.tokens = member.requests + 1, member.tokens + tokens
  end
elseif not sent and stamp then
  count_day(key, days, member, clock, -1)
end
if a.written > 0 then
  member.written = member.written > 0 and member.written * 0.9 + a.written * 0.1 or a.written
end

-- The provider's own count is the truth: others may use the account too.
for _, name in ipairs({ 'rpm', 'tpm', 'rpd' }) do
  if a[name] > 0 then
    member[name] = a[name]
  end
end
if a.used_tokens > member.tokens and a.told_ago <= FRESH then
  local others = a.used_tokens - member.tokens
  redis.call('ZADD', log, int(now - a.told_ago), 'others-' .. a.lease .. ':0:' .. int(others))
  member.tokens = member.tokens + others
end
if a.used_day > member.day then
  count_day(key, days, member, clock, a.used_day - member.day)
end

local function hold(milliseconds, why)
  if now + milliseconds > member.hold then
    member.hold, member.hold_why = now + milliseconds, why
  end
end

local function open(first, longest, why)
  member.open = now + math.min(longest, first * 2 ^ math.min(member.streak, 20))
  member.open_why, member.probe = why, ''
  member.streak, member.row, member.recent = member.streak + 1, 0, ''
end

local function close()
  if member.open > 0 then
    member.open, member.probe, member.streak, member.slow = 0, '', 0, now
    member.recent = ''
  end
end

-- Good and bad ends of the last half minute, as "part:good:bad;…".
local function remember(good, bad)
  local part, kept, all_good, all_bad = math.floor(now / PART), '', good, bad
  for p, g, b in string.gmatch(member.recent, '(%d+):(%d+):(%d+);') do
    p, g, b = tonumber(p), tonumber(g), tonumber(b)
    if p > part - PARTS then
      all_good, all_bad = all_good + g, all_bad + b
      if p == part then
        good, bad = good + g, bad + b
      else
        kept = kept .. int(p) .. ':' .. int(g) .. ':' .. int(b) .. ';'
      end
    end
  end
  member.recent = kept .. int(part) .. ':' .. int(good) .. ':' .. int(bad) .. ';'
  return all_good, all_bad
end

local good = a.outcome == 'ok' or (a.outcome == 'stopped' and a.spoke == 1)
if good then
  member.row, member.limited = 0, 0
  remember(1, 0)
  if probing then
    close()
  end
elseif a.outcome == 'rate' then
  if a.hold >= 0 then
    hold(a.hold, a.hold_why)
  elseif member.hold <= now then
    hold(math.min(LONGEST_HOLD, a.hold_first * 2 ^ math.min(member.limited, 10)), 'rate')
    member.limited = member.limited + 1
  end
  if probing and member.open_why ~= 'auth' then
    close() -- it lives and says so
  end
elseif a.outcome == 'auth' then
  if member.open == 0 or probing then
    open(a.auth_first, LONGEST_AUTH, 'auth')
  end
elseif a.outcome == 'fail' then
  member.row = member.row + 1
  local all_good, all_bad = remember(0, 1)
  if a.hold >= 0 then
    hold(a.hold, a.hold_why)
  end
  if probing then
    open(a.open_first, LONGEST_OPEN, 'fail')
  elseif member.open == 0 then
    if member.row >= ROW or (all_good + all_bad >= FEWEST and all_bad >= all_good) then
      open(a.open_first, LONGEST_OPEN, 'fail')
    end
  end
end
if probing then
  member.probe = '' -- whatever it has told, the next one may try
end

local state = {}
for _, name in ipairs(FIELDS) do
  state[#state + 1] = name
  if TEXTS[name] then
    state[#state + 1] = member[name]
  elseif name == 'written' then
    state[#state + 1] = string.format('%.2f', member[name])
  else
    state[#state + 1] = int(member[name])
  end
end
redis.call('HMSET', key, unpack(state))
if a.first >= 0 then
  redis.call('LPUSH', firsts, int(a.first))
  redis.call('LTRIM', firsts, 0, SAMPLES - 1)
  keep(firsts)
end
if good or a.kind ~= '' then
  local kind = good and 'ok' or a.kind
  redis.call('HINCRBY', ends, int(math.floor(now / HOUR)) .. '|' .. kind, 1)
  keep(ends)
end
keep(key, log)
return { int(member.hold), int(member.open) }
