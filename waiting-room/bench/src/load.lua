-- What wrk sends: requests that are made before the clock runs, as far as they can be.
--
--   fixed REQUEST             the same request always
--   lines HEAD TAIL FILE N F  HEAD .. line .. TAIL for the lines of FILE from the Fth on; each of N threads takes
--                             every Nth, and begins anew when there are no more
--   fresh HEAD TAIL PREFIX    HEAD .. PREFIX .. a number never used before .. TAIL

local threads = {}

function setup(thread)
  thread:set("id", #threads)
  threads[#threads + 1] = thread
end

local next_request
sent = 0

function request()
  sent = sent + 1
  return next_request()
end

local ways = {}

function ways.fixed(text)
  return function() return text end
end

function ways.lines(head, tail, file, of, from)
  local requests, line_number = {}, 0
  for line in io.lines(file) do
    if line_number >= tonumber(from) and line_number % tonumber(of) == id then
      requests[#requests + 1] = head .. line .. tail
    end
    line_number = line_number + 1
  end
  local at, last = 0, #requests
  return function()
    at = at < last and at + 1 or 1
    return requests[at]
  end
end

function ways.fresh(head, tail, prefix)
  local start, number = head .. prefix .. id, 0
  return function()
    number = number + 1
    return start .. string.format("%09d", number) .. tail
  end
end

function init(args)
  next_request = ways[args[1]](args[2], args[3], args[4], args[5], args[6])
end

function done(summary, latency, _)
  local errors, most_sent = summary.errors, 0
  for _, thread in ipairs(threads) do most_sent = math.max(most_sent, thread:get("sent")) end
  print(string.format(
    "measured requests=%d sent=%d micros=%d p50=%d p99=%d refused=%d broken=%d late=%d",
    summary.requests, most_sent * #threads, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
