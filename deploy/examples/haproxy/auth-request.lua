-- Asks Portcullis about a request. Sets txn.portcullis to "allowed", or answers the client as Portcullis does.

local question = "http://127.0.0.1:8080/auth/verify"
local timeout_milliseconds = 2000

-- What Portcullis judges by, all values of each: it refuses who sends two credentials.
local asked = { "authorization", "x-api-key", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
                "x-request-id", "traceparent" }
local identity = { "x-auth-subject", "x-auth-scope", "x-auth-client-id", "x-auth-session-id", "x-auth-token-id",
                   "x-auth-issuer", "x-auth-method" }
local answered = { "www-authenticate", "retry-after", "content-type", "cache-control", "ratelimit-limit",
                   "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy" }

-- HAProxy counts values from 0, Lua from 1.
local function values(fields, name)
    local found = {}
    for index = 0, 100 do
        if not fields[name] or not fields[name][index] then break end
        found[#found + 1] = fields[name][index]
    end
    return found
end

local function copy(fields, names)
    local found = {}
    for _, name in ipairs(names) do
        local list = values(fields, name)
        if #list > 0 then found[name] = list end
    end
    return found
end

core.register_action("auth_request", { "http-req" }, function(txn)
    local headers = copy(txn.http:req_get_headers(), asked)
    headers["x-forwarded-method"] = { txn.f:method() }
    headers["x-forwarded-uri"] = { txn.f:pathq() }
    local answer = core.httpclient():get { url = question, headers = headers, timeout = timeout_milliseconds }
    local status = answer and answer.status or 0

    if status == 200 then
        for _, name in ipairs(identity) do
            local list = answer.headers and values(answer.headers, name) or {}
            if list[1] then txn.http:req_set_header(name, list[1]) end
        end
        txn:set_var("txn.portcullis", "allowed")
        return
    end

    -- Whatever else comes is no yes: no answer at all, a redirect, another 2xx.
    if status < 400 then
        txn:done(txn:reply { status = 503, headers = { ["retry-after"] = { "1" } } })
        return
    end
    txn:done(txn:reply { status = status, headers = copy(answer.headers or {}, answered), body = answer.body })
end)
