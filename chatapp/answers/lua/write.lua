-- Appends events to the logs of answers and tells those who follow at other processes.
-- KEYS: the logs. ARGV, of each log: its channel, how many connections of the writer's process hear
-- that, the log's life in seconds, how many of the events were tried before, and how many there
-- are; then of each event its id, kind and data, and the event as it is told.
-- Returns of each log its length, or why an event was refused.
-- Words are told only where somebody else hears them; who comes later reads the log.
-- What is in the log already was told with it. What there is no room for is told at the first try.
local function write(log, at)
  local channel, here, life, tried, count = unpack(ARGV, at, at + 4)
  local others = redis.call('PUBSUB', 'NUMSUB', channel)[2] ~= tonumber(here)
  local refused, full
  local event = at + 5
  for number = 1, tonumber(count) do
    local id, kind, data, told = unpack(ARGV, event, event + 3)
    local added = false
    if not full then
      local reply = redis.pcall('XADD', log, id, 'k', kind, 'd', data)
      added = type(reply) ~= 'table' or not reply.err
      if not added then
        refused = tostring(reply.err)
        full = not string.find(refused, 'equal or smaller', 1, true)
      end
    end
    if (added or full and number > tonumber(tried)) and (others or kind ~= 'text') then
      redis.call('PUBLISH', channel, told)
    end
    event = event + 4
  end
  redis.call('EXPIRE', log, life)
  return refused or redis.call('XLEN', log), event
end

local results, at = {}, 1
for number, log in ipairs(KEYS) do
  results[number], at = write(log, at)
end
return results
