import type { Container, ExecRequest } from '../../../docker';
import { plainWords } from '../libpqVariables';

/** Who to be inside a container. What is undefined, the container's own environment says. */
export interface ContainerLogin {
	/** Of the database server. */
	user?: string;
	/** Of the container's operating system, for servers that compare the two (`peer` in pg_hba.conf). */
	systemUser?: string;
}

/**
 * Fills libpq's variables from those of the official image, files of secrets included, then becomes the program
 * given as arguments. Because this happens inside the container, its password never leaves it. The script is
 * constant: what anybody entered reaches it as a variable or an argument, never as code.
 */
const logInFromEnvironment = `
choose() {
	value=$1
	if [ -z "$value" ] && [ -r "$2" ]; then IFS= read -r value < "$2"; fi
	value=\${value:-$3}
}
choose "\${PGUSER:-\${POSTGRES_USER:-}}" "\${POSTGRES_USER_FILE:-}" postgres
export PGUSER="$value"
choose "\${PGDATABASE:-\${POSTGRES_DB:-}}" "\${POSTGRES_DB_FILE:-}" "$PGUSER"
export PGDATABASE="$value"
choose "\${PGPASSWORD:-\${POSTGRES_PASSWORD:-}}" "\${POSTGRES_PASSWORD_FILE:-}" ''
export PGPASSWORD="$value"
exec "$@"`;

export interface ContainerProgram {
	container: Container;
	login: ContainerLogin;
	/** Empty: the one that the container's environment names. */
	database: string;
	/** Whether the server is to speak English, which not every user may ask of it. */
	inEnglish?: boolean;
	/** What the session calls itself; `n8n-nodes-backup` when undefined. */
	applicationName?: string;
	/** One of PostgreSQL's client programs and its arguments. */
	argv: [program: string, ...programArguments: string[]];
}

/** How to run a client program of PostgreSQL's inside the server's own container. */
export function containerProgram({
	container,
	login,
	database,
	applicationName = 'n8n-nodes-backup',
	argv,
	inEnglish,
}: ContainerProgram): ExecRequest {
	return {
		container,
		argv: ['sh', '-c', logInFromEnvironment, 'sh', ...argv],
		// By environment, so that no name is taken for a connection string or shown in a list of processes.
		environment: {
			PGAPPNAME: applicationName,
			...plainWords,
			...(inEnglish ? { PGOPTIONS: '-c lc_messages=C' } : {}),
			...(login.user ? { PGUSER: login.user } : {}),
			...(database ? { PGDATABASE: database } : {}),
		},
		user: login.systemUser,
	};
}
