import { InvalidArgumentError, Option } from 'commander';
import { isVersion } from '../../core/n8n/versions';

/** Of what restores n8n's data: who is going to use it. */
export function n8nVersionOption(): Option {
	return new Option(
		'--n8n-version <version>',
		'of the n8n that is going to use what is restored: a backup of a newer one is warned of',
	).argParser((text: string) => {
		if (isVersion(text)) return text;
		throw new InvalidArgumentError('Write it as n8n does: 2.40.7.');
	});
}
