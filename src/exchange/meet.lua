-- One part of the levels, as all instances together know them. An instance tells what it charged since it last asked, and
-- hears what has changed since. All keys of a call have one hash tag. Levels are in 512ths of a unit, times in microseconds.
-- KEYS: what is known of the part; rows by key; keys by the order of their changes; keys by when they have drained; the
-- number of the last batch of who asks.
-- ARGV: house, number of the batch, change heard last, most changes to hear, whether levels known here count as at least,
-- half-lives of rates, rows, whether to say which process this is.
local meta, rows, changed, drained, sender = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local house, number, since, page = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local mend, half, blob = ARGV[5] == '1', {struct.unpack('<I8I8I8', ARGV[6])}, ARGV[7]
local function whole(row)
  local words = {}
  for at, from in ipairs({2, 3, 4, 5, 10, 11, 12}) do words[at] = math.ceil(math.min(row[from], 2 ^ 53)) end
  return struct.pack('<I8I8I8I8I8I8I8', unpack(words))
end
local TOLD, LONGEST, SHORTEST = 128, 40 * 86400e6, 60e6

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local before = redis.call('HMGET', meta, 'now', 'changes', 'house')
if before[3] and before[3] ~= house then
  return redis.error_reply('OTHERHOUSE these levels are of instances with another key')
end
-- The latest time that was ever seen: a clock that is set back stops the leak, and gives no credit later.
now = math.max(now, tonumber(before[1] or '0'))
local changes = tonumber(before[2] or '0')
if since > changes then since = 0 end

-- A row: when, four levels, four paces in steps a microsecond, three rates.
local function settle(row)
  local elapsed = now - row[1]
  row[1] = now
  for at = 1, 4 do row[1 + at] = math.max(0, row[1 + at] - row[5 + at] * elapsed) end
  for at = 1, 3 do
    local rate = row[9 + at]
    if rate > 0 then rate = rate * math.exp(-0.6931471805599453 * elapsed / half[at]) end
    row[9 + at] = rate < 1 and 0 or rate
  end
end

local news, reached, more = {}, changes, 0
local keys = page ~= '0' and redis.call('ZRANGEBYSCORE', changed, '(' .. string.format('%.0f', since), '+inf', 'LIMIT', 0, page) or {}
if #keys > 0 and #keys == tonumber(page) then
  reached, more = tonumber(redis.call('ZSCORE', changed, keys[#keys])), 1
end
if #keys > 0 then
  for at, packed in ipairs(redis.call('HMGET', rows, unpack(keys))) do
    if packed then
      local row = {struct.unpack('<dddddddddddd', packed)}
      settle(row)
      news[#news + 1] = keys[at] .. whole(row)
    end
  end
end

local own, count = {}, #blob / TOLD
if count > 0 then
  local fresh = number > tonumber(redis.call('GET', sender) or '0')
  local names, put, order, ends = {}, {}, {}, {}
  for at = 1, count do names[at] = string.sub(blob, (at - 1) * TOLD + 1, (at - 1) * TOLD + 8) end
  for at, packed in ipairs(redis.call('HMGET', rows, unpack(names))) do
    -- Told: four charges, four paces, four levels as known, three rates.
    local told = {struct.unpack('<i8i8i8i8I8I8I8I8I8I8I8I8I8I8I8', blob, (at - 1) * TOLD + 9)}
    local row = packed and {struct.unpack('<dddddddddddd', packed)}
      or {now, told[9], told[10], told[11], told[12], 0, 0, 0, 0, 0, 0, 0}
    for pace = 1, 4 do
      if told[4 + pace] > 0 then row[5 + pace] = told[4 + pace] / 2 ^ 54 end
    end
    settle(row)
    local lasts = SHORTEST
    for which = 1, 4 do
      local level = row[1 + which]
      if mend then level = math.max(level, told[8 + which]) end
      if fresh then level = math.max(0, level + told[which]) end
      row[1 + which] = level
      local pace = row[5 + which]
      if level > 0 then lasts = math.max(lasts, pace > 0 and level / pace or LONGEST) end
    end
    for which = 1, 3 do
      if fresh then row[9 + which] = row[9 + which] + told[12 + which] end
      if row[9 + which] > 0 then lasts = math.max(lasts, 40 * half[which]) end
    end
    own[at] = names[at] .. whole(row)
    put[2 * at - 1], put[2 * at] = names[at], struct.pack('<dddddddddddd', unpack(row))
    order[2 * at - 1], order[2 * at] = changes + at, names[at]
    ends[2 * at - 1], ends[2 * at] = now + math.min(lasts, LONGEST), names[at]
  end
  redis.call('HSET', rows, unpack(put))
  redis.call('ZADD', changed, unpack(order))
  redis.call('ZADD', drained, unpack(ends))
  redis.call('SET', sender, number, 'PX', 86400000)
  changes = changes + count
  if more == 0 then reached = changes end
end

local gone = redis.call('ZRANGEBYSCORE', drained, '-inf', string.format('%.0f', now), 'LIMIT', 0, 256)
if #gone > 0 then
  redis.call('HDEL', rows, unpack(gone))
  redis.call('ZREM', changed, unpack(gone))
  redis.call('ZREM', drained, unpack(gone))
end
if count > 0 or #gone > 0 or now - tonumber(before[1] or '0') > 1000000 then
  redis.call('HSET', meta, 'now', string.format('%.0f', now), 'changes', string.format('%.0f', changes), 'house', house)
  for at = 1, 4 do redis.call('PEXPIRE', KEYS[at], 3456000000) end
end
local process = ARGV[8] == '1' and string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
return {now, reached, more, process, table.concat(own), table.concat(news)}
