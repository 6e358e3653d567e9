#!/bin/sh
# As the official image's: options alone are the server's, and the server does not run as root.
set -e
case "$1" in -*) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	chown -R redis:redis .
	exec /usr/bin/setpriv --reuid=redis --regid=redis --init-groups "$0" "$@"
fi
exec "$@"
