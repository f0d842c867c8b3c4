#!/usr/bin/env bash
# Builds and runs Redis (unless there is one), a demo backend and the gateway, until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

folder=.run
trap stop_all EXIT
trap 'say; say "Stopping …"; exit 0' INT TERM HUP

if ! mkdir -p "$folder" || ! chmod 700 "$folder"; then
    fail "$folder cannot be made here or is not yours; why stands above"
fi
exec 9>"$folder/lock"
flock -n 9 || fail "another make run uses $folder already; stop it first (make demo can run beside it)"

deploy/demo/prepare.sh run
build_release

umask 077
[[ -s $folder/key_prefix ]] || printf 'portcullis-run-%04x%04x:' "$RANDOM" "$RANDOM" >"$folder/key_prefix"
key_prefix=$(<"$folder/key_prefix")
rm -f "$folder"/*.log
set_up "$folder" 8080 9090 9000 16379

cat <<TEXT

Portcullis is running. Ctrl-C stops it and all that was started with it.

  gateway   $gateway
  admin     http://127.0.0.1:$admin_port (try /readyz)
  backend   http://127.0.0.1:$backend_port, answers with the request it saw
  Redis     127.0.0.1:$redis_port, $redis_origin
  user      $demo_user, password $demo_password, may have the scope $demo_scope
  files     $folder/portcullis.yaml and, as it grows, $folder/gateway.log

In another terminal: log in, call the backend through the gateway, log out.

  TOKEN=\$(curl -s $gateway/auth/login -d username=$demo_user -d password=$demo_password | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -i $gateway/orders -H "Authorization: Bearer \$TOKEN"
  curl -i -X POST $gateway/auth/logout -H "Authorization: Bearer \$TOKEN"

The second line once more is then refused: 401, "token revoked".
TEXT

watch_started
