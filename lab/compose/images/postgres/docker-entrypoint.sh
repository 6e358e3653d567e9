#!/bin/sh
# As the official image's: an empty data folder becomes a server with POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB.
# While it is set up it listens on its socket alone. The server does not run as root.
set -eu
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA" /run/postgresql
	chown -R postgres:postgres "$PGDATA" /run/postgresql
	chmod 700 "$PGDATA"
	exec /usr/bin/setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	user=${POSTGRES_USER:-postgres}
	database=${POSTGRES_DB:-$user}
	printf '%s\n' "${POSTGRES_PASSWORD:?is needed to set the server up}" >/tmp/password
	initdb --pgdata "$PGDATA" --username "$user" --pwfile /tmp/password --encoding UTF8 --locale C.UTF-8 --no-sync \
		--auth-local trust --auth-host scram-sha-256
	rm /tmp/password
	echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
	printf "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql'\n" >>"$PGDATA/postgresql.conf"
	pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses=''" --wait start
	[ "$database" = postgres ] || psql --no-psqlrc --host /var/run/postgresql --username "$user" --dbname postgres \
		--set ON_ERROR_STOP=1 --set name="$database" <<-'SQL'
			CREATE DATABASE :"name";
		SQL
	pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
fi
exec "$@"
