import { failed, type Finding, passed, unknown } from './finding';

/** n8n's key, and where it was found. It must not get out of the check that it is for. */
export interface PlacedKey {
	place: string;
	key: string;
}

const check = 'encryption key';

/**
 * Whether n8n's key is in what is backed up, and is the one that n8n uses.
 *
 * @param sources how many things that can hold it were named
 * @param own what n8n itself uses, where that is known
 */
export function checkKey(
	found: readonly PlacedKey[],
	{ sources, own }: { sources: number; own?: string },
): Finding {
	const advice =
		'Archive n8n’s data folder with its config file, or copy the .env that sets N8N_ENCRYPTION_KEY.';
	if (sources === 0) return unknown(check, 'Nothing was named that could hold it.', advice);
	if (found.length === 0)
		return failed(check, 'n8n’s key is in nothing that is backed up: credentials would be lost.', advice);
	const others = found.filter(({ key }) => own !== undefined && key !== own);
	const places = (keys: readonly PlacedKey[]) => keys.map(({ place }) => place).join(' and ');
	if (others.length > 0) {
		const what = `The key in ${places(others)} is not the one that n8n uses.`;
		return failed(check, what, 'Correct that file, or back up the one that n8n’s key comes from.');
	}
	if (own === undefined && new Set(found.map(({ key }) => key)).size > 1) {
		return failed(
			check,
			`The keys in ${places(found)} differ.`,
			'Find out which one n8n uses, and correct the other.',
		);
	}
	const which = own === undefined ? '' : ', and it is the one that n8n uses';
	return passed(check, `It is in ${places(found)}${which}.`);
}
