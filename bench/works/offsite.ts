import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SwiftServer, startSwift } from '../../lab/servers/swift.ts';
import { ensurePrograms, testPrograms } from '../../scripts/setup/debianPackages.ts';
import { Random } from '../../lab/random.ts';
import type { Bench } from '../harness/bench.ts';
import { runJob } from '../harness/runJob.ts';
import { runShell } from '../harness/runShell.ts';

const swiftPrograms = testPrograms.filter(
	({ program }) => program.startsWith('swift-') || program === 'memcached',
);

/** One file that does not compress, to an S3 server on this machine: by our copy, by rclone, by Amazon's own command. */
export async function measureOffsite(bench: Bench): Promise<void> {
	await ensurePrograms(swiftPrograms);
	const server = await startSwift();
	try {
		await measureS3(bench, server);
	} finally {
		await server.stop();
	}
}

async function measureS3(bench: Bench, server: SwiftServer): Promise<void> {
	const source = join(await bench.emptyDirectory('source'), 'video.mp4');
	writeFileSync(source, new Random(9).bytes(bench.scale.bytes));
	const root = await bench.emptyDirectory('copied');
	await runJob({
		...{ kind: 'archive', directory: join(bench.scratch, 'source'), readBack: false },
		...{ compression: { method: 'none' }, backupDirectory: root },
	});
	const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
	const env = {
		AWS_ACCESS_KEY_ID: accessKeyId,
		AWS_SECRET_ACCESS_KEY: secretAccessKey,
		AWS_DEFAULT_REGION: 'us-east-1',
		// One that the machine may have is of no use here, and rclone stumbles over it.
		AWS_CA_BUNDLE: '',
		RCLONE_CONFIG_LAB_TYPE: 's3',
		RCLONE_CONFIG_LAB_PROVIDER: 'Other',
		RCLONE_CONFIG_LAB_ENV_AUTH: 'true',
		RCLONE_CONFIG_LAB_ENDPOINT: endpoint,
		RCLONE_CONFIG_LAB_REGION: 'us-east-1',
	};
	let runs = 0;
	/** Nobody overwrites anything, and the disk holds what one run leaves. */
	const prepare = async () => {
		runs++;
		await runShell('rclone delete lab:' + bucket, env);
	};
	const ours = 'Off-Site Copy to S3';
	const [rclone, aws] = ['rclone copy', 'aws s3 cp'];
	await bench.race(
		[
			bench.ours(
				ours,
				() => ({
					...{ kind: 'copy', root, prefix: String(runs) },
					...{ endpoint, bucket, accessKeyId, secretAccessKey },
				}),
				prepare,
			),
			...bench.peer(rclone, `rclone copy ${source} lab:${bucket}/rclone`, { needs: 'rclone', env, prepare }),
			...bench.peer(
				aws,
				`/usr/bin/aws --endpoint-url ${endpoint} s3 cp ${source} s3://${bucket}/aws --quiet`,
				{
					...{ needs: 'aws', env, prepare },
				},
			),
		],
		[
			[ours, rclone],
			[ours, aws],
		],
	);
}
