#!/bin/sh
# Runs once, when the database is made: the login that the server uses. Row-level security binds it, because it is
# neither superuser nor BYPASSRLS; "repazoo migrate --grant-to repazoo" lets it act in the roles that the policies name.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set=password="$(cat /run/secrets/postgres_login_password)" <<'SQL'
CREATE ROLE repazoo LOGIN NOINHERIT PASSWORD :'password';
SQL
