"""What happens inside Redis, each a step that nothing comes between.

`homeroom:presence:<team>` is a hash: `#epoch`, `#run` and `#pv` are its head, `~<record> <field>`
a lease (`<conn> <until, ms>`), and all else an entry by its conn. `#pv` counts its changes; `#run`
is drawn anew with the hash. `#epoch` is the server's own run id: what a restarted Redis finds on
its disk is of another epoch, and is thrown away, for the numbers after it would be given twice.

`homeroom:nodes` has the nodes by the end of their lease (ms), `homeroom:presence:node:<node>` the
teams that a node has people in.
"""

from typing import Final

LEASE_MS: Final = 10_000  # of a node: after it, its people are gone
FIELD_LEASE_MS: Final = 30_000  # of a field, from its last renewal
KEPT_SECONDS: Final = 7 * 24 * 3600  # what nobody changes goes; nodes would put their people back

_COMMON: Final = f"""
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function opened(key, epoch, fresh)
  local head = redis.call('HMGET', key, '#epoch', '#run', '#pv')
  if head[1] == epoch and head[2] then return head[2], tonumber(head[3]) end
  redis.call('DEL', key)
  redis.call('HSET', key, '#epoch', epoch, '#run', fresh, '#pv', 0)
  redis.call('EXPIRE', key, {KEPT_SECONDS})
  return fresh, 0
end

local function lease_name(e)
  if e.state == 'editing' and e.field then return '~' .. e.record .. ' ' .. e.field end
end

local function give_back(key, e)
  local name = lease_name(e)
  local held = name and redis.call('HGET', key, name)
  if held and held:match('^%S+') == e.conn then redis.call('HDEL', key, name) end
end

local function take_lease(key, e, now)
  local name = lease_name(e)
  if not name then return '', 0 end
  local held = redis.call('HGET', key, name)
  if held then
    local holder, till = held:match('^(%S+) (%d+)$')
    if holder ~= e.conn and tonumber(till) > now
        and redis.call('HEXISTS', key, holder) == 1 then
      return holder, tonumber(till)
    end
  end
  local till = now + {FIELD_LEASE_MS}
  redis.call('HSET', key, name, e.conn .. ' ' .. string.format('%.0f', till))
  return e.conn, till
end

local function tell(key, channel, team, run, puts, dels)
  if #puts + #dels == 0 then return '' end
  local pv = redis.call('HINCRBY', key, '#pv', 1)
  redis.call('EXPIRE', key, {KEPT_SECONDS})
  local message = '{{"team":"' .. team .. '","run":"' .. run .. '","pv":' .. pv ..
    ',"put":[' .. table.concat(puts, ',') .. '],"del":[' .. table.concat(dels, ',') .. ']}}'
  redis.call('PUBLISH', channel, message)
  return message
end
"""

# KEYS: the team, the node's teams, the nodes. ARGV: epoch, fresh run, channel, team, node, number
# of puts, the puts' texts, then (conn, sid) of each that left.
# Reply: the message or '', then (holder or '', until) for each put.
CHANGE: Final = (
    _COMMON
    + f"""
local key, now = KEYS[1], now_ms()
local run = opened(key, ARGV[1], ARGV[2])
local count = tonumber(ARGV[6])
local puts, dels, reply = {{}}, {{}}, {{''}}
for i = 7, 6 + count do
  local e = cjson.decode(ARGV[i])
  local text = redis.call('HGET', key, e.conn)
  local old = text and cjson.decode(text)
  local holder, till = '', 0
  if not old or old.sid == e.sid or old.at < e.at then
    if old and lease_name(old) ~= lease_name(e) then give_back(key, old) end
    if text ~= ARGV[i] then
      redis.call('HSET', key, e.conn, ARGV[i])
      puts[#puts + 1] = ARGV[i]
    end
    holder, till = take_lease(key, e, now)
  end
  reply[#reply + 1] = holder
  reply[#reply + 1] = till
end
for i = 7 + count, #ARGV, 2 do
  local text = redis.call('HGET', key, ARGV[i])
  local old = text and cjson.decode(text)
  if old and old.sid == ARGV[i + 1] then
    give_back(key, old)
    redis.call('HDEL', key, ARGV[i])
    dels[#dels + 1] = '"' .. ARGV[i] .. '"'
  end
end
if count > 0 then
  redis.call('SADD', KEYS[2], ARGV[4])
  redis.call('EXPIRE', KEYS[2], {KEPT_SECONDS})
  redis.call('ZADD', KEYS[3], 'NX', now + {LEASE_MS}, ARGV[5])
end
reply[1] = tell(key, ARGV[3], ARGV[4], run, puts, dels)
return reply
"""
)

# KEYS: the team. ARGV: epoch, fresh run. Reply: run, pv, the texts of all entries.
READ: Final = (
    _COMMON
    + """
local run, pv = opened(KEYS[1], ARGV[1], ARGV[2])
local reply = {run, pv}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local first = all[i]:sub(1, 1)
  if first ~= '#' and first ~= '~' then reply[#reply + 1] = all[i + 1] end
end
return reply
"""
)

# KEYS: teams. ARGV: epoch. Reply: run and pv of each, '' and 0 for what is not of this epoch.
HEADS: Final = """
local reply = {}
for i, key in ipairs(KEYS) do
  local head = redis.call('HMGET', key, '#epoch', '#run', '#pv')
  local known = head[1] == ARGV[1] and head[2]
  reply[2 * i - 1] = known and head[2] or ''
  reply[2 * i] = known and tonumber(head[3]) or 0
end
return reply
"""

# KEYS: the nodes, this node's teams. ARGV: node, ms. Reply: the time, then the nodes that are dead.
BEAT: Final = (
    _COMMON
    + f"""
local now = now_ms()
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], {KEPT_SECONDS})
local reply = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
table.insert(reply, 1, now)
return reply
"""
)

# KEYS: the team, the nodes. ARGV: epoch, fresh run, channel, team, node.
# Reply: the message or ''. Nothing happens to the people of a node that lives after all.
REAP: Final = (
    _COMMON
    + """
local till = redis.call('ZSCORE', KEYS[2], ARGV[5])
if till and tonumber(till) > now_ms() then return '' end
local run = opened(KEYS[1], ARGV[1], ARGV[2])
local dels = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local first = all[i]:sub(1, 1)
  if first ~= '#' and first ~= '~' then
    local old = cjson.decode(all[i + 1])
    if old.node == ARGV[5] then
      give_back(KEYS[1], old)
      redis.call('HDEL', KEYS[1], all[i])
      dels[#dels + 1] = '"' .. all[i] .. '"'
    end
  end
end
return tell(KEYS[1], ARGV[3], ARGV[4], run, {}, dels)
"""
)

# KEYS: the nodes, the dead node's teams. ARGV: node. After its people were reaped.
BURY: Final = (
    _COMMON
    + """
local till = redis.call('ZSCORE', KEYS[1], ARGV[1])
if till and tonumber(till) > now_ms() then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
"""
)

SCRIPTS: Final = (CHANGE, READ, HEADS, BEAT, REAP, BURY)
