-- Own arguments: ticket, place, session id. Answers a word and what belongs to it.

local HOLD = SECOND / 2
local RETRY_LEAST, RETRY_MOST, RETRY_SHUT = 300000, 3 * SECOND, 4 * SECOND

local phase = advance()
local ticket, place, session = ARGV[OWN], tonumber(ARGV[OWN + 1]), ARGV[OWN + 2]

local function let_in(record)
  local expires_at = S.now + R.session_length
  call('ZADD', SESSIONS, whole(expires_at), ticket)
  put(ticket, { ADMITTED, record[CALLS], record[PLACE], session, S.now, expires_at })
  S.claimed = S.claimed + 1
  return { 'admitted', session, S.now, expires_at }
end

local function admit(record)
  if record[STAGE] == WAITS then
    end_waiting(ticket)
  elseif record[STAGE] == CALLED then
    give_up_call(ticket, record)
  end
  return let_in(record)
end

local function knock_again_after(at_door_for)
  local per_second = R.rate / 60
  if max(R.tick - SECOND / per_second, 0) > RETRY_LEAST then
    local line = min(call('ZCARD', AT_DOOR) / per_second, 60) * SECOND
    return min(max(line - at_door_for, RETRY_LEAST), RETRY_MOST)
  end
  local due = math.ceil(max(PERMIT - S.level, 0) / max(S.per_minute, 1))
  if due <= HOLD then return due end
  return min(max(due - due / 10 - HOLD / 2, RETRY_LEAST), RETRY_MOST)
end

local function answer()
  local record = record_of(ticket)
  if not record then
    if phase == 'closed' then return { 'closed' } end
    if not has_room_for_returner() then return { 'full' } end
    S.rejoined = S.rejoined + 1
    record = seat(ticket, place)
  end
  local stage = record[STAGE]
  if stage == ADMITTED then
    return { 'again', record[SESSION], record[ADMITTED_AT], record[EXPIRES_AT] }
  elseif stage == LEFT then
    return { 'left' }
  elseif stage == ENDED then
    return { 'ended' }
  elseif phase == 'closed' then
    return { 'closed' }
  elseif phase == 'bypass' then
    return admit(record)
  elseif stage == MISSED then
    return { 'missed', record[CALLS] < R.calls_per_ticket and 1 or 0 }
  elseif stage == WAITS then
    return { 'not-called' }
  end
  local shut = phase ~= 'admitting' or call('ZCARD', SESSIONS) >= R.max_sessions
  if not shut and S.level >= PERMIT then
    S.level = S.level - PERMIT
    came(record)
    end_call(ticket, record)
    return let_in(record)
  end
  local at_door_for = knock(ticket, record)
  if shut then return { 'busy', RETRY_SHUT } end
  return { 'busy', floor(knock_again_after(at_door_for) + 0.5) }
end

local answered = answer()
save()
return reply(answered)
