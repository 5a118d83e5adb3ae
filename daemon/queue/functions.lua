-- What conclib does inside Redis. The daemon puts a shebang line before this text and the name of the
-- library, which holds a hash of the text, in place of LIBRARY: Function names are global to a server.
-- Every Function is flagged allow-oom: at maxmemory Redis refuses clients' new requests, and what is
-- there still drains.

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function text(number)
  return string.format('%.0f', number)
end

-- The fields of an entry as a table; nil if it is not there.
local function entry_of(stream, id)
  local found = redis.call('XRANGE', stream, id, id)[1]
  if not found then return nil end
  local fields = {}
  for i = 1, #found[2], 2 do fields[found[2][i]] = found[2][i + 1] end
  return fields
end

local function last_entry(stream)
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  return last and last[1]
end

-- NOMKSTREAM of a client needs a stream, which may be empty.
local function ensure_stream(q)
  if redis.call('EXISTS', q) == 0 then
    redis.call('XDEL', q, redis.call('XADD', q, '*', 'e', ''))
  end
end

local function owns(own, node, epoch)
  local held = redis.call('HMGET', own, 'node', 'epoch')
  return held[1] == node and held[2] == epoch
end

-- A namespace's constants: makes them, or gives what is there.
-- KEYS meta; ARGV version, partitions. -> version, partitions
local function ensure_meta(keys, args)
  local meta = keys[1]
  -- A node that left after somebody had emptied Redis may have written `last_seen` alone.
  if redis.call('HEXISTS', meta, 'version') == 0 then
    local now = text(now_ms())
    redis.call('HSET', meta, 'version', args[1], 'partitions', args[2], 'generation', '1',
               'created', now, 'last_seen', now)
  end
  return redis.call('HMGET', meta, 'version', 'partitions')
end

-- KEYS own, q; ARGV node, lease in ms, run id of the server, epoch and renewals that the caller saw,
-- insist: 0 take it only if nobody has it, 1 also if its lease has expired, 2 also if it has not;
-- patient: 1 leaves it to the node to which it was handed.
-- -> {'OK', epoch, ran} or {'HELD', epoch, renewals, node} or {'NEXT', epoch, renewals, next}
local function acquire(keys, args)
  local own, q = keys[1], keys[2]
  local node, lease, run, insist = args[1], tonumber(args[2]), args[3], tonumber(args[6])
  local held = redis.call('HMGET', own, 'epoch', 'node', 'renewals', 'expiry', 'next', 'ran', 'run')
  local epoch, owner, renewals = held[1] or '0', held[2] or '', held[3] or '0'
  local next_node = held[5] or ''
  local now = now_ms()
  if owner ~= '' and owner ~= node then
    local unchanged = epoch == args[4] and renewals == args[5]
    local expired = now >= tonumber(held[4] or '0')
    if not (unchanged and (insist == 2 or (insist == 1 and expired))) then
      return {'HELD', epoch, renewals, owner}
    end
  elseif owner == '' and next_node ~= '' and next_node ~= node and args[7] == '1' then
    return {'NEXT', epoch, renewals, next_node}
  end
  ensure_stream(q)
  local ran = held[6] or '0-0'
  if owner ~= '' or (held[7] and held[7] ~= run) then ran = last_entry(q) or ran end
  local fresh = text(math.max(tonumber(epoch) + 1, now))
  redis.call('HSET', own, 'epoch', fresh, 'node', node, 'renewals', '0',
             'expiry', text(now + lease), 'next', '', 'ran', ran, 'run', run)
  return {'OK', fresh, ran}
end

-- KEYS own, q; ARGV node, epoch, lease in ms, run id of the server. -> {'OK', ran} or {'FENCED'}
local function renew(keys, args)
  local own = keys[1]
  if not owns(own, args[1], args[2]) then return {'FENCED'} end
  ensure_stream(keys[2])
  local held = redis.call('HMGET', own, 'ran', 'run')
  local ran = held[1] or '0-0'
  if held[2] ~= args[4] then
    ran = last_entry(keys[2]) or ran
    redis.call('HSET', own, 'ran', ran, 'run', args[4])
  end
  redis.call('HINCRBY', own, 'renewals', 1)
  redis.call('HSET', own, 'expiry', text(now_ms() + tonumber(args[3])))
  return {'OK', ran}
end

-- KEYS own, q; ARGV node, epoch, next, clean: 1 if nothing that is left in the queue has begun.
-- -> {'OK'} or {'FENCED'}
local function release(keys, args)
  if not owns(keys[1], args[1], args[2]) then return {'FENCED'} end
  local last = args[4] ~= '1' and last_entry(keys[2])
  if last then redis.call('HSET', keys[1], 'ran', last) end
  redis.call('HSET', keys[1], 'node', '', 'expiry', '0', 'next', args[3])
  return {'OK'}
end

-- Makes room for one more among the malformed dead letters, whose oldest goes.
local function drop_oldest_malformed(dead)
  for _, letter in ipairs(redis.call('XRANGE', dead, '-', '+', 'COUNT', 64)) do
    for i = 1, #letter[2], 2 do
      if letter[2][i] == 'reason' and letter[2][i + 1] == 'BAD_ENVELOPE' then
        redis.call('XDEL', dead, letter[1])
        return true
      end
    end
  end
  return false
end

-- Puts an entry among the dead letters. -> nil done, or what finish answers for it: 0 the entry was
-- gone, 3 it is kept, for they are full
local function bury(keys, dead_max, id, reason, why, malformed)
  local q, dead = keys[2], keys[4]
  local letter = entry_of(q, id)
  if not letter then return 0 end
  if redis.call('XLEN', dead) >= dead_max then
    if not malformed then return 3 end
    if not drop_oldest_malformed(dead) then return nil end
  end
  local envelope = letter['e'] or ''
  if malformed then envelope = string.sub(envelope, 1, 1024) end
  redis.call('XADD', dead, '*', 'reason', reason, 'text', why, 'entry', id, 'e', envelope)
  return nil
end

-- KEYS own, q, att, dead, reply keys ...; ARGV node, epoch, bound on dead letters, then for each
-- entry: id, index of its reply key from 1 on or 0, PX, reply, reason or empty, text, 1 if malformed.
-- -> {'OK', code of each entry ...} or {'FENCED'}; codes: 1 done, 0 it was gone, 2 done but its reply
-- could not be pushed, 3 kept, for the dead letters are full
local function finish(keys, args)
  if not owns(keys[1], args[1], args[2]) then return {'FENCED'} end
  local q, att, dead_max = keys[2], keys[3], tonumber(args[3])
  local has_attempts = redis.call('EXISTS', att) == 1
  local answer = {'OK'}
  for i = 4, #args, 7 do
    local id, code = args[i], nil
    if args[i + 4] ~= '' then
      code = bury(keys, dead_max, id, args[i + 4], args[i + 5], args[i + 6] == '1')
    end
    if not code then
      code = redis.call('XDEL', q, id)
      if code == 1 then
        if has_attempts then redis.call('HDEL', att, id) end
        local key = keys[4 + tonumber(args[i + 1])]
        if args[i + 1] ~= '0' then
          -- A reply key of a wrong type is its asker's own doing and must not stop the batch.
          local pushed = redis.pcall('RPUSH', key, args[i + 3])
          if type(pushed) == 'table' and pushed.err then
            code = 2
          else
            redis.call('PEXPIRE', key, args[i + 2])
          end
        end
      end
    end
    answer[#answer + 1] = code
  end
  return answer
end

-- The daemon's own messages. KEYS q; ARGV envelopes. -> how many it took; nil without a queue
local function push(keys, args)
  if redis.call('EXISTS', keys[1]) == 0 then return false end
  for _, envelope in ipairs(args) do redis.call('XADD', keys[1], '*', 'e', envelope) end
  return #args
end

-- A node's heartbeat. KEYS nodes; ARGV node, record
local function announce(keys, args)
  redis.call('HSET', keys[1], args[1], args[2])
  return {'OK'}
end

-- While a library is loaded there is no `pairs` yet.
local function register(name, body)
  redis.register_function{function_name = 'LIBRARY_' .. name, callback = body,
                          flags = {'allow-oom'}}
end

register('ensure_meta', ensure_meta)
register('acquire', acquire)
register('renew', renew)
register('release', release)
register('finish', finish)
register('push', push)
register('announce', announce)
