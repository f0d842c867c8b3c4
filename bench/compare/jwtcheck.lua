-- What an nginx with the Lua module does for each request: verify the token, then ask Redis for its id.
local ffi, cjson, redis = require "ffi", require "cjson.safe", require "nginx.redis"
ffi.cdef[[
typedef struct evp_pkey_st EVP_PKEY; typedef struct evp_md_st EVP_MD; typedef struct evp_md_ctx_st EVP_MD_CTX; typedef struct bio_st BIO;
BIO *BIO_new_mem_buf(const void *, int); EVP_PKEY *PEM_read_bio_PUBKEY(BIO *, EVP_PKEY **, void *, void *);
const EVP_MD *EVP_sha256(void); EVP_MD_CTX *EVP_MD_CTX_new(void); void EVP_MD_CTX_free(EVP_MD_CTX *);
int EVP_DigestVerifyInit(EVP_MD_CTX *, void **, const EVP_MD *, void *, EVP_PKEY *);
int EVP_DigestVerify(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);
unsigned char *HMAC(const EVP_MD *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned int *);
]]
local C = ffi.load("crypto")
local sha256 = C.EVP_sha256()
local file = assert(io.open("@PEM@")); local pem = file:read("*a"); file:close()
local rsa = C.PEM_read_bio_PUBKEY(C.BIO_new_mem_buf(pem, #pem), nil, nil, nil)
local secret = "@SECRET@"
local digest, digest_length = ffi.new("unsigned char[64]"), ffi.new("unsigned int[1]")

local function decode(text)
  text = text:gsub("-", "+"):gsub("_", "/")
  local rest = #text % 4
  if rest > 0 then text = text .. ("="):rep(4 - rest) end
  return ngx.decode_base64(text)
end

local function refuse()
  ngx.header["WWW-Authenticate"] = 'Bearer error="invalid_token"'
  return ngx.exit(401)
end

local M = {}
function M.check()
  local field = ngx.var.http_authorization
  if not field then return refuse() end
  local head, payload, signature = field:match("^Bearer ([%w%-_]+)%.([%w%-_]+)%.([%w%-_]+)$")
  if not head then return refuse() end
  local signed = head .. "." .. payload
  head, signature = cjson.decode(decode(head)), decode(signature)
  if head.alg == "HS256" then
    C.HMAC(sha256, secret, #secret, signed, #signed, digest, digest_length)
    if ffi.string(digest, 32) ~= signature then return refuse() end
  elseif head.alg == "RS256" then
    local context = C.EVP_MD_CTX_new()
    C.EVP_DigestVerifyInit(context, nil, sha256, nil, rsa)
    local good = C.EVP_DigestVerify(context, signature, #signature, signed, #signed)
    C.EVP_MD_CTX_free(context)
    if good ~= 1 then return refuse() end
  else
    return refuse()
  end
  local claims = cjson.decode(decode(payload))
  if not claims or not claims.exp or claims.exp < ngx.time() or claims.iss ~= "@ISSUER@" or claims.aud ~= "@AUDIENCE@" then
    return refuse()
  end
  local connection = redis:new()
  connection:set_timeout(1000)
  if not connection:connect("127.0.0.1", @REDIS_PORT@) then return ngx.exit(503) end
  local revoked = connection:exists("revoked:" .. claims.jti)
  connection:set_keepalive(60000, 64)
  if revoked ~= 0 then return refuse() end
  ngx.req.set_header("X-Auth-Subject", claims.sub)
end
return M
