-- What every script finds, made once for each Lua state.
--
-- Scripts get an environment that they can read and not write. Lua 5.1 has no read-only tables, so
-- each protected table is an empty one that finds its fields in a hidden one, and refuses to take
-- any; the functions that could reach behind (rawset, setmetatable, next ...) know such tables.

local native = ...
local pcall, xpcall, error, type, next, select = pcall, xpcall, error, type, next, select
local rawget, rawset, getmetatable, setmetatable = rawget, rawset, getmetatable, setmetatable
local loadstring, setfenv, tostring, collectgarbage = loadstring, setfenv, tostring, collectgarbage
local resume, byte, sub, rep = coroutine.resume, string.byte, string.sub, string.rep
local concat, understand = table.concat, native.understand

local READ_ONLY = "Attempt to modify a readonly table"

-- The hidden table of each protected one.
local hidden = setmetatable({}, { __mode = "k" })

local function refuse()
  error(READ_ONLY, 2)
end

local function protect(fields)
  local mask = {}
  hidden[mask] = fields
  return setmetatable(mask, { __index = fields, __newindex = refuse, __metatable = false })
end

-- What getmetatable answers for protected tables.
local no_metatable = protect({})
protect = function(fields)
  local mask = {}
  hidden[mask] = fields
  return setmetatable(mask, { __index = fields, __newindex = refuse, __metatable = no_metatable })
end

local function missing(_, name)
  local text = "Script attempted to access nonexistent global variable '%s'"
  error(text:format(tostring(name)), 2)
end

local function copy(from, names)
  local to = {}
  for name in names:gmatch("%S+") do
    to[name] = from[name]
  end
  return to
end

local G = copy(_G, "assert tostring tonumber rawequal type select unpack ipairs error _VERSION gcinfo")

-- Errors -----------------------------------------------------------------------------------------

-- What a script may catch is made plain; what it may not goes on.
local function settle(ok, problem, ...)
  if ok then
    return ok, problem, ...
  end
  local catchable, plain = understand(problem)
  if not catchable then
    error(problem, 0)
  end
  return false, plain
end

local function as_text(ok, plain, ...)
  if not ok and type(plain) == "table" and rawget(plain, "err") ~= nil then
    return false, rawget(plain, "err")
  end
  return ok, plain, ...
end

local function settle_text(...)
  return as_text(settle(...))
end

function G.pcall(f, ...)
  return settle_text(pcall(f, ...))
end

function G.xpcall(f, handler)
  return settle(xpcall(f, function(problem)
    local catchable, plain = understand(problem)
    if not catchable then
      return problem
    end
    return handler(plain)
  end))
end

-- Tables -----------------------------------------------------------------------------------------

function G.rawset(t, key, value)
  if hidden[t] then
    error(READ_ONLY, 0)
  end
  return rawset(t, key, value)
end

function G.rawget(t, key)
  return rawget(hidden[t] or t, key)
end

function G.setmetatable(t, metatable)
  if hidden[t] then
    error(READ_ONLY, 0)
  end
  return setmetatable(t, metatable)
end

G.getmetatable = getmetatable

function G.next(t, key)
  return next(hidden[t] or t, key)
end

function G.pairs(t)
  if type(t) ~= "table" then
    error("bad argument #1 to 'pairs' (table expected, got " .. type(t) .. ")", 2)
  end
  return next, hidden[t] or t, nil
end

-- Code -------------------------------------------------------------------------------------------

local environment

-- Compiled code could crash the server: it is never taken.
function G.loadstring(code, name)
  if type(code) == "string" and byte(code) == 27 then
    return nil, "attempt to load a binary chunk"
  end
  local f, problem = loadstring(code, name)
  if f then
    setfenv(f, environment)
  end
  return f, problem
end

function G.load(reader, name)
  if type(reader) ~= "function" then
    error("bad argument #1 to 'load' (function expected, got " .. type(reader) .. ")", 2)
  end
  local parts = {}
  while true do
    local part = reader()
    if part == nil or part == "" then
      break
    end
    if type(part) ~= "string" then
      error("reader function must return a string", 2)
    end
    parts[#parts + 1] = part
  end
  return G.loadstring(concat(parts), name or "=(load)")
end

-- A script may ask for a collection, and not switch it off.
function G.collectgarbage(what, ...)
  if what == nil or what == "collect" or what == "count" or what == "step" then
    return collectgarbage(what, ...)
  end
  return 0
end

-- Libraries --------------------------------------------------------------------------------------

local co = copy(coroutine, "create running status wrap yield")
function co.resume(thread, ...)
  return settle(resume(thread, ...))
end

-- Matching recurses once for each item of a pattern, on the stack of the server's thread.
local PATTERN_MAX = 4000
local str = copy(string, "byte char dump find format gmatch gsub gfind len lower match rep reverse sub upper")
for _, name in ipairs({ "find", "match", "gmatch", "gsub", "gfind" }) do
  local matching = str[name]
  str[name] = function(text, pattern, a, b)
    if type(pattern) == "string" and #pattern > PATTERN_MAX and not (name == "find" and b) then
      error("pattern too complex", 2)
    end
    if b ~= nil then
      return matching(text, pattern, a, b)
    elseif a ~= nil then
      return matching(text, pattern, a)
    end
    return matching(text, pattern)
  end
end

local math_library = copy(math, "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min mod modf pi pow rad random randomseed sin sinh sqrt tan tanh")

G.coroutine = protect(co)
G.string = protect(str)
G.math = protect(math_library)
G.table = protect(copy(table, "concat foreach foreachi getn insert maxn remove setn sort"))
G.os = protect({ clock = native.clock })
G.bit = protect(native.bit)
G.struct = protect(native.struct)
G.cjson = protect(native.cjson)
G.cmsgpack = protect(native.cmsgpack)
G.redis = protect(native.redis)
G.server = G.redis

local texts = getmetatable("")
texts.__index = str
texts.__newindex = refuse
texts.__metatable = no_metatable

-- Environments -----------------------------------------------------------------------------------

setmetatable(G, { __index = missing })
environment = protect(G)
G._G = environment

-- Libraries of functions run their outermost code, once, with few means: they only register.
local L = {}
L.redis = protect(setmetatable(native.loading, { __index = missing }))
L.server = L.redis
setmetatable(L, { __index = missing })

-- Nothing else is reachable from here on, not even by a function's own environment.
local raw = _G
for name in next, raw do
  rawset(raw, name, nil)
end

-- While a library loads, its functions see L; afterwards G.
local library_environment = {}
hidden[library_environment] = G
local library_means = { __index = G, __newindex = refuse, __metatable = no_metatable }
setmetatable(library_environment, library_means)

local function set_loading(loading)
  library_means.__index = loading and L or G
end

return environment, library_environment, set_loading, G
