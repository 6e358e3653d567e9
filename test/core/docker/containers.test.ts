import { chooseContainer, type Container } from '../../../core/docker/containers';
import { assertRunning } from '../../../core/docker/containerState';

function container(name: string, more: Partial<Container> = {}): Container {
	const id = `${Buffer.from(name).toString('hex')}${'0'.repeat(64)}`.slice(0, 64);
	return {
		id,
		name,
		image: 'postgres:17',
		imageId: 'sha256:1',
		state: 'running',
		status: 'Up 3 hours',
		isOneOff: false,
		labels: {},
		volumeMounts: [],
		mountPoints: [],
		...more,
	};
}

const postgres = container('shop-postgres-1', { composeProject: 'shop', composeService: 'postgres' });
const redis = container('shop-redis-1', { composeProject: 'shop', composeService: 'redis' });
const other = container('blog-redis-1', {
	composeProject: 'blog',
	composeService: 'redis',
	state: 'exited',
});
const plain = container('lonely');

describe('A container', () => {
	const all = [postgres, redis, other, plain];

	it('is found by its name, with or without the slash that the API shows', () => {
		expect(chooseContainer(all, 'lonely')).toBe(plain);
		expect(chooseContainer(all, ' /shop-redis-1 ')).toBe(redis);
	});

	it('is found by its id, whole or as docker ps shows it, but not by less', () => {
		expect(chooseContainer(all, plain.id)).toBe(plain);
		expect(chooseContainer(all, plain.id.slice(0, 12))).toBe(plain);
		expect(() => chooseContainer(all, plain.id.slice(0, 11))).toThrow(
			'No container has the name, id or Compose service',
		);
	});

	it('is found by its service in Docker Compose', () => {
		expect(chooseContainer(all, 'postgres')).toBe(postgres);
	});

	it('whose name is another one’s service is the one that is meant', () => {
		const named = container('postgres');
		expect(chooseContainer([...all, named], 'postgres')).toBe(named);
	});

	it('of docker compose run does not count beside the lasting one, only alone', () => {
		const oneOff = container('shop-postgres-run-1', { composeService: 'postgres', isOneOff: true });
		expect(chooseContainer([...all, oneOff], 'postgres')).toBe(postgres);
		expect(chooseContainer([oneOff, plain], 'postgres')).toBe(oneOff);
	});

	it('is not guessed where several match: the error names them all', () => {
		expect(() => chooseContainer(all, 'redis')).toThrow(
			'Several containers match “redis”: shop-redis-1 (running), blog-redis-1 (exited). Give the full name of the one that you mean.',
		);
	});

	it('that does not exist is answered with those that do', () => {
		expect(() => chooseContainer(all, 'mysql')).toThrow(
			'No container has the name, id or Compose service “mysql”. Choose one of these: shop-postgres-1, shop-redis-1, blog-redis-1, lonely.',
		);
		expect(() => chooseContainer([], 'x')).toThrow('The engine has no containers; start one first.');
		expect(() => chooseContainer(all, ' ')).toThrow('No container is named.');
	});
});

describe('A container that does not run', () => {
	it.each([
		['created', 'has never been started', 'docker start lonely'],
		['exited', 'is stopped', 'docker start lonely'],
		['paused', 'is paused', 'docker unpause lonely'],
		['restarting', 'is restarting again and again', 'docker logs lonely'],
		['removing', 'is being removed or could not be', 'docker compose up -d'],
		['dead', 'is being removed or could not be', 'docker compose up -d'],
	] as const)('because it is %s runs no command, and the error says what to do', (state, is, todo) => {
		const attempt = () => assertRunning(container('lonely', { state }));
		expect(attempt).toThrow(`The container lonely ${is}, so no command can be run in it.`);
		expect(attempt).toThrow(todo);
	});

	it('runs commands when it is running', () => {
		expect(() => assertRunning(plain)).not.toThrow();
	});
});
