-- The waiting line of one tier. The order is a sorted set of the moments at which questions came,
-- each moved back by what its person has used lately: so light users come first, and nobody is
-- overtaken by those who come later than his own moment.
--
-- KEYS: order, alive (until when each question is believed to wait), asked (the last ones that
--   were asked and when), door (until when nobody can be asked).
-- ARGV[1]: look | leave. Times are milliseconds of Redis' own clock, as `now`.
local order, alive, asked, door = unpack(KEYS)
local KEEP, ASKED, LATELY = 172800000, 50, 600000

local function int(number)
  return string.format('%.0f', number)
end

-- The first whose process has lately been heard of: a dead one does not hold up the others.
local function head(silent)
  for _, id in ipairs(redis.call('ZRANGE', order, 0, 99)) do
    local lives = tonumber(redis.call('ZSCORE', alive, id) or 0)
    if lives > silent then
      return id
    end
  end
  return ''
end

local function forget_dead()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', int(now))) do
    redis.call('ZREM', order, id)
    redis.call('ZREM', alive, id)
  end
end

-- ARGV: length of a lease, after how long a process counts as silent, the most that may wait, for
--   how long nobody can be asked (-1: not known), then for each question its id, its place in the
--   order if it has had one (else 0), by how much it is moved back.
-- Returns {now, how many wait, the first, until when nobody can be asked, how many were asked, since
--   when, and for each question its place (0: the line is full) and its moment}.
local function look()
  local lease, silence, most, shut = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]),
    tonumber(ARGV[5])
  forget_dead()
  local moments = {}
  for i = 6, #ARGV, 3 do
    local id, moment = ARGV[i], tonumber(ARGV[i + 1])
    local there = redis.call('ZSCORE', order, id)
    if there then
      moment = tonumber(there)
    elseif moment == 0 and redis.call('ZCARD', order) < most then
      moment = now + tonumber(ARGV[i + 2])
    end
    if moment > 0 then
      redis.call('ZADD', order, int(moment), id)
      redis.call('ZADD', alive, int(now + lease), id)
    end
    moments[#moments + 1] = moment
  end
  if shut >= 0 then
    redis.call('SET', door, int(now + shut), 'PX', int(math.max(shut, 1)))
  end
  local past = redis.call('ZRANGE', asked, 0, -1, 'WITHSCORES')
  local found = {
    int(now), redis.call('ZCARD', order), head(now + lease - silence),
    redis.call('GET', door) or '0', #past / 2, past[2] or '0',
  }
  for i, moment in ipairs(moments) do
    local rank = moment > 0 and redis.call('ZRANK', order, ARGV[3 + i * 3])
    found[#found + 1] = rank and rank + 1 or 0
    found[#found + 1] = int(moment)
  end
  for _, key in ipairs({ order, alive, asked }) do
    redis.call('PEXPIRE', key, KEEP)
  end
  return found
end

-- ARGV: the question, whether it was asked, length of a lease, when a process counts as silent.
-- Returns {whether it stood there, who is the first now}.
local function leave()
  local id, was_asked = ARGV[2], ARGV[3] == '1'
  local stood = redis.call('ZREM', order, id)
  redis.call('ZREM', alive, id)
  if was_asked then
    redis.call('DEL', door)
    redis.call('ZADD', asked, int(now), id)
    redis.call('ZREMRANGEBYSCORE', asked, '-inf', int(now - LATELY))
    redis.call('ZREMRANGEBYRANK', asked, 0, -ASKED - 1)
    redis.call('PEXPIRE', asked, KEEP)
  end
  return { stood, head(now + tonumber(ARGV[4]) - tonumber(ARGV[5])) }
end

if ARGV[1] == 'look' then
  return look()
end
return leave()
