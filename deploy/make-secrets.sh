#!/bin/sh
# Makes the secrets of a deployment, each in a file of its own, and never overwrites one:
#
#   ./make-secrets.sh                        in deploy/secrets, for compose
#   DATABASE_HOST=db.internal REDIS_HOST=redis.internal ./make-secrets.sh kubernetes/secrets
#
# What only you can know (the keys of X, Stripe, Anthropic and of your mail server) is made as an empty file, which
# counts as not set: write it in yourself.
set -eu
cd "$(dirname "$0")"
umask 077
dir=${1:-secrets}
mkdir -p "$dir"
chmod 700 "$dir"

# random prints 32 random bytes, as letters and digits.
random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }

# keep NAME VALUE writes a secret that is not there yet. The directory alone keeps others out: containers read the files
# as another user than you.
keep() {
  if [ -e "$dir/$1" ]; then echo "kept  $dir/$1"; return; fi
  printf '%s\n' "$2" > "$dir/$1"
  chmod 644 "$dir/$1"
  echo "made  $dir/$1"
}

# A database elsewhere is spoken to in cipher, the one of the compose file in a network of its own.
tls=${DATABASE_TLS:-disable}
if [ -n "${DATABASE_HOST:-}" ]; then tls=${DATABASE_TLS:-require}; fi

keep postgres_password "$(random)"
keep postgres_login_password "$(random)"
keep redis_password "$(random)"
keep jwt_secret_key "$(random)"
keep encryption_key "$(random)"
keep database_url "postgres://repazoo:$(cat "$dir"/postgres_login_password)@${DATABASE_HOST:-postgres}:5432/repazoo?sslmode=$tls"
keep database_owner_url "postgres://postgres:$(cat "$dir"/postgres_password)@${DATABASE_HOST:-postgres}:5432/repazoo?sslmode=$tls"
keep redis_url "redis://:$(cat "$dir"/redis_password)@${REDIS_HOST:-redis}:6379"
for name in twitter_client_secret stripe_secret_key stripe_webhook_secret anthropic_api_key smtp_url; do
  if [ ! -e "$dir/$name" ]; then : > "$dir/$name"; chmod 644 "$dir/$name"; echo "EMPTY $dir/$name"; fi
done
echo "Keep a copy of encryption_key and jwt_secret_key elsewhere: a backup without encryption_key opens nothing."
