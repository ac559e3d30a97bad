#!/bin/sh
# The official image is built with protected mode off, Debian's server with it on. The caller's own setting wins.
server=/usr/local/libexec/redis-server
case "${1:-}" in -v | --version | -h | --help | -) exec "$server" "$@" ;; esac
case " $* " in *" --protected-mode "*) exec "$server" "$@" ;; esac
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then # a file comes first
  file=$1
  shift
  if grep -qiE '^[[:space:]]*protected-mode' "$file" 2>/dev/null; then exec "$server" "$file" "$@"; fi
  exec "$server" "$file" --protected-mode no "$@"
fi
exec "$server" --protected-mode no "$@"
