-- What all scripts of the limits begin with. Times are milliseconds of Redis' own clock.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local KEEP = '3456000000' -- forty days: who comes once a month is not looked up again

local function int(number)
  return string.format('%.0f', number)
end

-- A place is "answer:asked:tokens" and lasts until its score, unless it is kept alive.
local function parts(place)
  local id, asked, tokens = string.match(place, '^([^:]+):(%d+):(%d+)$')
  return id, tonumber(asked), tonumber(tokens)
end

local function place_of(places, answer)
  for _, place in ipairs(redis.call('ZRANGE', places, 0, -1)) do
    if parts(place) == answer then
      return place
    end
  end
end
