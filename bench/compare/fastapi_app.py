"""The service as people write it. CHECK says how it knows who asks: sessions, touched, jwt, denylist, or none.

sessions: a session in PostgreSQL, looked up for each request     touched: the same, and its last use is written
jwt:      a token, verified here                                  denylist: the same, and its id is asked for in Redis
none:     somebody before this service has done it
"""
import os
from contextlib import asynccontextmanager

import asyncpg, jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from redis.asyncio import Redis

LOOK_UP = """SELECT u.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE s.id = $1 AND s.expires_at > now() AND NOT s.revoked"""
TOUCH = """UPDATE sessions s SET last_used_at = now() FROM users u
           WHERE s.id = $1 AND s.expires_at > now() AND NOT s.revoked AND u.id = s.user_id RETURNING u.id, u.name"""


@asynccontextmanager
async def lifespan(app):
    if "DATABASE" in os.environ:
        app.state.pool = await asyncpg.create_pool(os.environ["DATABASE"], min_size=10, max_size=10)
    if "REDIS" in os.environ:
        app.state.redis = Redis.from_url(os.environ["REDIS"])
    yield


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer()


async def by_session(credential, statement):
    async with app.state.pool.acquire() as connection:
        row = await connection.fetchrow(statement, credential)
    if row is None:
        raise HTTPException(401, "no such session")
    return row["name"]


async def sessions(credential: HTTPAuthorizationCredentials = Depends(bearer)):
    return await by_session(credential.credentials, LOOK_UP)


async def touched(credential: HTTPAuthorizationCredentials = Depends(bearer)):
    return await by_session(credential.credentials, TOUCH)


def verify(token):
    try:
        return jwt.decode(token, os.environ["SECRET"], algorithms=["HS256"], audience=os.environ["AUDIENCE"],
                          issuer=os.environ["ISSUER"])
    except jwt.PyJWTError:
        raise HTTPException(401, "invalid token")


async def by_token(credential: HTTPAuthorizationCredentials = Depends(bearer)):
    return verify(credential.credentials)["sub"]


async def by_token_and_list(credential: HTTPAuthorizationCredentials = Depends(bearer)):
    claims = verify(credential.credentials)
    if await app.state.redis.exists("revoked:" + claims["jti"]):
        raise HTTPException(401, "revoked")
    return claims["sub"]


async def by_header(x_auth_subject: str = Header("nobody")):
    return x_auth_subject


who_asks = {"sessions": sessions, "touched": touched, "jwt": by_token, "denylist": by_token_and_list,
            "none": by_header}[os.environ["CHECK"]]


@app.get("/api/hello")
async def hello(name: str = Depends(who_asks)):
    return {"message": "hello " + name}
