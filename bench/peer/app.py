"""The four calls of bench/floor on the stack of the earlier system: FastAPI, gunicorn with uvicorn workers, JSON web
tokens, sliding windows in Redis, and PostgreSQL.

bench/load starts it beside Repazoo and the floor, on the same servers, where the packages that bench/README.md lists are
installed. It was written for this measurement, from the earlier system's description of itself, and kindly: uvloop and
httptools, asyncpg without an ORM, one statement or one transaction a call, one round trip to Redis, no access log.

It reads DATABASE_URL, REDIS_URL and JWT_SECRET_KEY. It is a measuring stick and nothing to run in earnest.
"""

import json
import os
import time
import uuid
from datetime import datetime, timezone

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from pydantic import BaseModel
from redis import asyncio as redis

KEY = os.environ["JWT_SECRET_KEY"]
WINDOWS = ((60, 1_000_000), (3600, 1_000_000))  # seconds, calls
CONNECTIONS = 6  # of each of four workers: as many as the pool of the others

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
bearer = HTTPBearer()


@app.on_event("startup")
async def start() -> None:
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=CONNECTIONS)
    app.state.redis = redis.from_url(os.environ["REDIS_URL"])


@app.on_event("shutdown")
async def stop() -> None:
    await app.state.pool.close()
    await app.state.redis.close()


def signed_in(credentials: HTTPAuthorizationCredentials = Depends(bearer)) -> str:
    try:
        claims = jwt.decode(credentials.credentials, KEY, algorithms=["HS256"], audience="authenticated")
    except JWTError as e:
        raise HTTPException(401, "sign in first") from e
    return claims["sub"]


async def allowed(response: Response, user: str = Depends(signed_in)) -> str:
    """Counts the call in a minute and an hour: a sorted set of moments for each, trimmed as it is read."""
    now, call = time.time(), uuid.uuid4().hex
    pipe = app.state.redis.pipeline(transaction=True)
    for seconds, _ in WINDOWS:
        key = f"peer:{seconds}:{user}"
        pipe.zremrangebyscore(key, 0, now - seconds)
        pipe.zadd(key, {call: now})
        pipe.zcard(key)
        pipe.expire(key, seconds)
    answers = await pipe.execute()
    counts = answers[2::4]
    if any(count > limit for count, (_, limit) in zip(counts, WINDOWS)):
        raise HTTPException(429, "too many requests")
    response.headers["X-RateLimit-Limit"] = str(WINDOWS[0][1])
    response.headers["X-RateLimit-Remaining"] = str(WINDOWS[0][1] - counts[0])
    return user


class User(BaseModel):
    id: str
    name: str
    email: str
    role: str
    created_at: datetime
    tier: str
    subscription_status: str
    accounts: int


class Counter(BaseModel):
    limit: int
    used: int
    reserved: int = 0
    remaining: int


class Usage(BaseModel):
    tier: str
    status: str
    period_start: datetime
    period_end: datetime
    analyses: Counter
    x_reads: Counter


class Start(BaseModel):
    account_id: str


class Analysis(BaseModel):
    id: str
    account_id: str
    handle: str
    purpose: str = "personal_reputation"
    max_posts: int = 3200
    tier: str
    status: str = "queued"
    created_at: datetime
    links: dict[str, str]


@app.get("/healthz")
async def healthz() -> dict:
    return {"status": "ok"}


@app.get("/api/v1/users/me", response_model=User)
async def me(user: str = Depends(allowed)) -> User:
    row = await app.state.pool.fetchrow(
        """SELECT u.id::text, u.name, COALESCE(u.email, '') AS email, u.role, u.created_at,
                  COALESCE(b.tier, 'none') AS tier, COALESCE(b.status, 'none') AS subscription_status,
                  (SELECT count(*) FROM x_accounts a WHERE a.user_id = u.id AND a.status <> 'revoked') AS accounts
           FROM users u LEFT JOIN subscriptions b ON b.user_id = u.id WHERE u.id = $1""",
        user,
    )
    return User(**row)


@app.get("/api/v1/usage", response_model=Usage)
async def usage(user: str = Depends(allowed)) -> Usage:
    row = await app.state.pool.fetchrow(
        """SELECT tier, period_start, period_end, quota, used, reserved, reads_limit, reads_used FROM quota_periods
           WHERE user_id = $1 AND period_start <= $2 ORDER BY period_start DESC LIMIT 1""",
        user,
        datetime.now(timezone.utc),
    )
    left = row["quota"] - row["used"] - row["reserved"]
    return Usage(
        tier=row["tier"],
        status="included",
        period_start=row["period_start"],
        period_end=row["period_end"],
        analyses=Counter(limit=row["quota"], used=row["used"], reserved=row["reserved"], remaining=left),
        x_reads=Counter(limit=row["reads_limit"], used=row["reads_used"], remaining=row["reads_limit"] - row["reads_used"]),
    )


@app.post("/api/v1/analyses", response_model=Analysis, status_code=202)
async def analyze(body: Start, request: Request, response: Response, user: str = Depends(allowed)) -> Analysis:
    now, analysis = datetime.now(timezone.utc), str(uuid.uuid4())
    async with app.state.pool.acquire() as conn, conn.transaction():
        handle = await conn.fetchval(
            "SELECT handle FROM x_accounts WHERE user_id = $1 AND id = $2 AND status <> 'revoked'", user, body.account_id
        )
        period = await conn.fetchrow(
            """UPDATE quota_periods SET reserved = reserved + 1
               WHERE user_id = $1
                 AND period_start = (SELECT max(period_start) FROM quota_periods WHERE user_id = $1 AND period_start <= $2)
                 AND period_end > $2 AND used + reserved < quota RETURNING period_start, tier""",
            user,
            now,
        )
        if handle is None or period is None:
            raise HTTPException(404 if handle is None else 429, "not possible")
        await conn.execute(
            """INSERT INTO analyses (id, user_id, account_id, handle, purpose, max_posts, tier, model, status, stage,
                                     period_start, created_at)
               VALUES ($1, $2, $3, $4, 'personal_reputation', 3200, $5, '', 'queued', 'queued', $6, $7)""",
            analysis, user, body.account_id, handle, period["tier"], period["period_start"], now,
        )
        await conn.execute(
            """INSERT INTO audit_log (id, user_id, actor, action, resource, ip, user_agent, request_id, detail, created_at)
               VALUES ($1, $2, 'user', 'analysis.start', $3, $4, '', '', '{}', $5)""",
            str(uuid.uuid4()), user, analysis, request.client.host, now,
        )
        await conn.execute(
            "INSERT INTO river_job (args, kind, max_attempts, tags) VALUES ($1, 'analysis', 25, '{}')",
            json.dumps({"analysis_id": analysis}),
        )
    link = f"/api/v1/analyses/{analysis}"
    response.headers["Location"] = link
    return Analysis(
        id=analysis, account_id=body.account_id, handle=handle, tier=period["tier"], created_at=now, links={"self": link}
    )
