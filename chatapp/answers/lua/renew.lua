-- Leaders live. KEYS: their flights. ARGV: the lease in ms, then who leads each.
for at, flight in ipairs(KEYS) do
  if redis.call('GET', flight) == ARGV[at + 1] then
    redis.call('PEXPIRE', flight, ARGV[1])
  end
end
