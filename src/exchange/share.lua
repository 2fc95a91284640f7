-- What instances offer to the contended resources, and what their nodes say of them: each says its own, and hears the sum of
-- what the others said within the last three seconds.
-- KEYS: words of all instances. ARGV: house, life, twelve numbers: four for each resource.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local mine = {now}
for at = 3, 14 do mine[#mine + 1] = tonumber(ARGV[at]) end
redis.call('HSET', KEYS[1], ARGV[1] .. ARGV[2], struct.pack('<ddddddddddddd', unpack(mine)))
redis.call('PEXPIRE', KEYS[1], 60000)
local sums, words = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, redis.call('HGETALL', KEYS[1])
for at = 1, #words, 2 do
  local said = {struct.unpack('<ddddddddddddd', words[at + 1])}
  if math.abs(now - said[1]) > 3000000 then
    redis.call('HDEL', KEYS[1], words[at])
  elseif words[at] ~= ARGV[1] .. ARGV[2] and string.sub(words[at], 1, #ARGV[1]) == ARGV[1] then
    for which = 1, 12 do sums[which] = sums[which] + said[1 + which] end
  end
end
for which = 1, 12 do sums[which] = math.min(sums[which], 2 ^ 53) end
return sums
