// What runs inside Redis, each script as one step that nothing comes between.

import { createHash } from 'node:crypto'

/** A script, and the name by which a server knows it. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

/*
 * KEYS[1]: a stream, one entry `<number>-<term>` a record; its fields are, in this order, the record's text, when it
 * came, and who sent it. What is published goes by the stream's name.
 * KEYS[2]: a hash with the channel's
 *   epoch         a life of these keys: later ones come later in the order of strings, by the server's clock; those of
 *                 the nodes differ, and a command may have waited
 *   run           the server's name for the history that the last record went into
 *   ends          "<term>=<number>,...": the last number of each earlier term, as far as the stream reaches
 *   kept          when the keys were last kept from expiring
 *   state         "<term> <number> <count> <bytes> <limits>": the term, and the number, of the newest record; how much is in
 *                 the stream; "<maxEvents> <maxBytes> <maxAgeMs>", the last 0 for no limit
 *   by:<sender>   "<counter> <number> <time>" of the last record that came from there
 * ARGV begins with: idle, sender.
 *
 * Each event waits for its script, which finds the processor's caches cold: there are few calls, and each fields and
 * arguments are few; a function is made where it is called. Lua writes numbers of up to 14 digits as they are: enough for
 * milliseconds, and for a hundred thousand events a second over thirty years. It does so by way of fractions: `%d` does not.
 */

/** Evicting costs two calls. The stream may hold so many more than the limits allow; nobody is shown them. */
const SLACK = 32
/** A record of more bytes is not among those. */
const LARGE = 16_384
/** About so many bytes are looked at in one call: what a call gives is copied, and some records are large. */
const GULP_BYTES = 262_144
/** A sender that was not heard for longer is forgotten: clients have long stopped to send again what it sent. */
const SENDER_MS = 3_600_000

const BEGIN = `
local function begin()
  epoch = string.format('%.0f', time[1] * 1000000 + time[2]) .. ARGV[2]:sub(1, 6)
  term, run, ends, number, count, bytes, limits, kept, sent = '0', '', '', 0, 0, 0, '0 0 0', 0, false
  call('DEL', stream, meta)
  call('HSET', meta, 'epoch', epoch, 'run', run, 'ends', ends, 'kept', kept, 'state', '0 0 0 0 0 0 0')
end
`

/** Reads the state. A new epoch begins where some of it is lost, be it flushed, expired or evicted. */
const STATE = `
local call, stream, meta = redis.call, KEYS[1], KEYS[2]
local idle, by = tonumber(ARGV[1]), 'by:' .. ARGV[2]
local held = call('HMGET', meta, 'epoch', 'run', 'kept', 'state', by)
local epoch, run, kept, state, sent = held[1], held[2], held[3], held[4], held[5]
local ends, term, number, count, bytes, limits
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if epoch and state then
  term, number, count, bytes, limits = state:match('^(%d+) (%d+) (%d+) (%d+) (.+)$')
  number, count, bytes, kept = tonumber(number), tonumber(count), tonumber(bytes), tonumber(kept)
else
  ${BEGIN}
  begin()
end
`

const GULP = `
local function gulp(most)
  if bytes > 0 then most = math.min(most, math.ceil(${GULP_BYTES} * count / bytes)) end
  return math.max(most, 1)
end
`

const EVICT = `
${GULP}
local function evict()
  local maxEvents, maxBytes, age = limits:match('(%d+) (%d+) (%d+)')
  maxEvents, maxBytes, age = tonumber(maxEvents), tonumber(maxBytes), tonumber(age)
  local from, before = '-', count
  while from and (count > maxEvents or bytes > maxBytes or age > 0) do
    local most = gulp(${SLACK})
    local entries = call('XRANGE', stream, from, '+', 'COUNT', most)
    from = nil
    for i, entry in ipairs(entries) do
      local fields = entry[2]
      if count <= maxEvents and bytes <= maxBytes and (age == 0 or now - fields[4] <= age) then break end
      count, bytes = count - 1, bytes - #fields[2]
      if i == most then from = '(' .. entry[1] end
    end
  end
  if count < before then call('XTRIM', stream, 'MAXLEN', count) end
  return count < before
end
`

/** Keeps the keys now and then, and looks through the senders then: they may come and go by the thousand. */
const KEEP = `
if now - kept > idle / 8 or now < kept then
  kept = now
  call('PEXPIRE', stream, idle)
  call('PEXPIRE', meta, idle)
  call('HSET', meta, 'kept', kept)
  local fields = call('HLEN', meta) > 128 and call('HGETALL', meta) or {}
  for i = 1, #fields, 2 do
    local heard = fields[i]:find('by:', 1, true) == 1 and fields[i + 1]:match('%d+$')
    if heard and now - heard > math.min(idle, ${SENDER_MS}) then call('HDEL', meta, fields[i]) end
  end
end
`

const ID_OF = `
ends = ends or call('HMGET', meta, 'ends')[1]
local function idOf(at)
  for past, last in ends:gmatch('(%d+)=(%d+)') do
    if at <= tonumber(last) then return epoch .. '.' .. past .. '-' .. at end
  end
  return epoch .. '.' .. term .. '-' .. at
end
`

/**
 * Appends a record, once, and tells all nodes: in the order in which they are appended.
 *
 * The server may have lost its newest records in a crash, or in a failover to one that had not got them yet. No script can see
 * that; but it can see that the server names its history anew, as it does whenever it starts, and when it ceases to be
 * another's replica: then a term begins. Counted, two that go on from one point would be one: the server may lose the first of
 * them as well.
 *
 * A client that reconnects sends again what it had sent, but not in every case in order: some of it fails, and some that came
 * later was waiting in the client. So each event says which one is under way ahead of it, and is refused if that has not come; by
 * a script that writes, so that where nothing may be written that is the answer. One that came before is looked for by halves: a
 * sender's numbers rise with its counters, and others' records are in between.
 *
 * ARGV goes on: text, limits, counter, the counter of the one ahead or 0.
 */
const APPEND = `${STATE}
local text, counter = ARGV[3], tonumber(ARGV[5])
local last, at = 0, 0
if sent then
  last, at = sent:match('^(%d+) (%d+)')
  last, at = tonumber(last), tonumber(at)
end

if counter <= last then
  ${GULP}
  ${ID_OF}
  local function find(low, high)
    while low <= high do
      local middle = math.floor((low + high) / 2)
      local to, own, its = middle, nil, nil
      repeat
        local most = gulp(8)
        local entries = call('XREVRANGE', stream, to, low, 'COUNT', most)
        for _, entry in ipairs(entries) do
          local who, which = (entry[2][6] or ''):match('^(%S+) (%d+)$')
          if who == ARGV[2] then
            own, its = tonumber(entry[1]:match('^%d+')), tonumber(which)
            break
          end
          to = '(' .. entry[1]
        end
      until own or #entries < most
      if its == counter then return own end
      if own and its > counter then high = own - 1 else low = middle + 1 end
    end
  end
  local found = counter == last and at or find(number - count + 1, at)
  if found then return idOf(found) end
  return redis.error_reply('SENTBEFORE the event was appended before, and is not kept any more')
end
if tonumber(ARGV[6]) > last then
  call('HSET', meta, 'kept', kept)
  return redis.error_reply('EARLY the event ahead has not come')
end

local info = redis.pcall('INFO', 'replication')
if type(info) ~= 'string' or run == '' or not info:find('master_replid:' .. run, 1, true) then
  local current = type(info) == 'string' and info:match('master_replid:(%w+)') or 'unknown'
  if run ~= current and number > 0 then
    local reached = {}
    for past, last in call('HMGET', meta, 'ends')[1]:gmatch('(%d+)=(%d+)') do
      if tonumber(last) >= number - count then reached[#reached + 1] = past .. '=' .. last end
    end
    reached[#reached + 1] = term .. '=' .. number
    ends = table.concat(reached, ',')
    local age = time[1] * 1000000 + time[2] - epoch:sub(1, -7)
    term = string.format('%d', math.max(term + 1, age))
    call('HSET', meta, 'run', current, 'ends', ends,
      'state', string.format('%s %d %d %d %s', term, number, count, bytes, limits))
  elseif run ~= current then
    call('HSET', meta, 'run', current)
  end
  run = current
end

local sender, added = ARGV[2] .. ' ' .. ARGV[5], nil
if number > 0 then
  local id = string.format('%d-%s', number + 1, term)
  added = call('XADD', stream, 'NOMKSTREAM', id, 'text', text, 'at', now, 'by', sender)
end
if not added then
  if number > 0 then
    local current = run
    ${BEGIN}
    begin()
    call('HSET', meta, 'run', current)
  end
  -- A stream that has just come has no time to live yet.
  kept = 0
  call('XADD', stream, '1-' .. term, 'text', text, 'at', now, 'by', sender)
end
number, count, bytes, limits = number + 1, count + 1, bytes + #text, ARGV[4]
if number % ${SLACK} == 0 or #text > ${LARGE} then
  ${EVICT}
  evict()
end
${KEEP}
call('HSET', meta, 'state', string.format('%s %d %d %d %s', term, number, count, bytes, limits),
  by, string.format('%s %d %d', ARGV[5], number, now))
local id = string.format('%s.%s-%d', epoch, term, number)
call('PUBLISH', stream, id .. ' ' .. text)
return id
`

/**
 * Gives the records after a position.
 *
 * ARGV goes on: id, its number ('' for none), maxRecords, maxBytes.
 * What it writes begins with what takes no memory: a server without room lets nobody write but after that.
 * Returns whether nothing is missing, the position that the records follow on, that of the newest record, and the
 * id and the text of each.
 */
const READ = `${STATE}
local asked, maxRecords, maxBytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if number > 0 and call('EXISTS', stream) == 0 then
  ${BEGIN}
  begin()
end
${EVICT}
if evict() then
  call('HSET', meta, 'state', string.format('%s %d %d %d %s', term, number, count, bytes, limits))
end
${KEEP}
${ID_OF}
local from = number - count
local complete = asked and asked >= from and asked <= number and idOf(asked) == ARGV[3]
if complete then from = asked end
local page = { complete and '1' or '0', idOf(from), idOf(number) }
local size, start = 0, from + 1
while maxRecords > 0 and size < maxBytes do
  local most = gulp(math.min(maxRecords, 64))
  local entries = call('XRANGE', stream, start, '+', 'COUNT', most)
  for _, entry in ipairs(entries) do
    if size >= maxBytes then break end
    local at, past = entry[1]:match('^(%d+)-(%d+)$')
    page[#page + 1] = epoch .. '.' .. past .. '-' .. at
    page[#page + 1] = entry[2][2]
    size, start = size + #entry[2][2], '(' .. entry[1]
  end
  if #entries < most then break end
  maxRecords = maxRecords - #entries
end
return page
`

export const append: Script = scriptOf(APPEND)
export const read: Script = scriptOf(READ)

function scriptOf(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
