import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../../lab/eventually';

/** A page of a form as a person sees it. */
export interface FormPage {
	/** The headline. */
	title: string;
	/** All that can be read on it, without markup. */
	text: string;
	/** What can be filled in, by the label beside it. Empty on the last page. */
	fields: Record<string, FormField>;
	/** What the page gives to download, by file name. */
	files: Record<string, string>;
}

export interface FormField {
	/** What is filled in already. */
	value: string;
	/** Of a drop-down, or of a list of which several can be picked. */
	options?: string[];
}

interface Control extends FormField {
	/** What the browser posts it as, such as `field-0`. */
	name: string;
	label?: string;
	/** Several can be picked, which are posted as JSON. */
	isList?: true;
}

/** What is filled in: a text, or what is picked of a list. */
export type Answer = string | string[];

/** n8n works on a page until it has the next one; a restore may take its time. */
const patienceMs = 120_000;

/**
 * A form of n8n's, gone through as a browser does it: the page's own script posts all fields as multipart with the
 * page's token, asks where the execution is, and goes on to the waiting URL (n8n's form-trigger.handlebars).
 */
export class FormVisit {
	readonly #cookies = new Map<string, string>();
	#url = '';
	#html = '';
	/** Of a page that waits; the address bar does not keep it. */
	#signature: string | undefined;

	private constructor(cookie: string) {
		this.#keep(cookie);
	}

	/**
	 * Opens a form.
	 *
	 * @param cookie of the person who is signed in, as `name=value`
	 */
	static async open(url: string, cookie: string): Promise<FormVisit> {
		const visit = new FormVisit(cookie);
		// A form answers a moment after its workflow was switched on.
		await eventually(async () => expect((await fetch(url, { redirect: 'manual' })).status).not.toBe(404));
		await visit.#navigate(new URL(url));
		return visit;
	}

	get page(): FormPage {
		const controls = controlsOf(this.#html);
		return {
			title: readable(/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(this.#html)?.[1] ?? ''),
			text: readable(this.#html.replaceAll(/<(script|style|head)[\s\S]*?<\/\1>/g, ' ')),
			fields: Object.fromEntries(
				controls.flatMap(({ label, value, options }) =>
					label === undefined ? [] : [[label, { value, ...(options && { options }) }]],
				),
			),
			files: filesOf(this.#html),
		};
	}

	/** Fills in fields by their labels, presses the button, and is on the next page when this returns. */
	async submit(answers: Record<string, Answer> = {}): Promise<FormPage> {
		const response = await this.#post(answers);
		const waitingUrl = await this.#waitingUrlIn(response);
		if (waitingUrl) this.#signature = waitingUrl.searchParams.get('signature') ?? undefined;
		await this.#untilNextPage(waitingUrl ?? new URL(this.#url));
		return this.page;
	}

	async #post(answers: Record<string, Answer>): Promise<Response> {
		const controls = controlsOf(this.#html);
		const unknown = Object.keys(answers).filter((label) => controls.every((field) => field.label !== label));
		if (unknown.length > 0) throw new Error(`The page "${this.page.title}" has no field ${unknown.join()}`);
		const body = new FormData();
		for (const { name, label, value, options, isList } of controls) {
			const answer = label === undefined ? undefined : answers[label];
			for (const picked of [answer ?? []].flat())
				if (options && !options.includes(picked))
					throw new Error(`"${label}" offers ${options.join(', ')}, and not ${picked}`);
			body.append(name, isList ? JSON.stringify([answer ?? []].flat()) : String(answer ?? value));
		}
		const token = /const authToken = '([^']*)'/.exec(this.#html)?.[1];
		const target = new URL(this.#url);
		if (this.#signature) target.searchParams.set('signature', this.#signature);
		return await this.#fetch(target, {
			method: 'POST',
			body,
			headers: token ? { 'x-auth-token': token } : {},
		});
	}

	/** An execution that goes on in the background says where its next page will be. */
	async #waitingUrlIn(response: Response): Promise<URL | undefined> {
		const text = await response.text();
		if (!response.ok) throw new Error(`n8n answered the form with ${response.status}: ${text}`);
		try {
			const { formWaitingUrl } = JSON.parse(text) as { formWaitingUrl?: string };
			return formWaitingUrl === undefined ? undefined : new URL(formWaitingUrl);
		} catch {
			return undefined;
		}
	}

	async #untilNextPage(url: URL): Promise<void> {
		const status = new URL(url);
		status.pathname += '/n8n-execution-status';
		if (this.#signature) status.searchParams.set('signature', this.#signature);
		const deadline = Date.now() + patienceMs;
		for (;;) {
			const said = (await (await this.#fetch(status)).text()).trim();
			if (said === 'form-waiting') break;
			if (!['new', 'running', 'waiting'].includes(said) || Date.now() > deadline)
				throw new Error(`There is no next page: the execution is "${said}"`);
			await wait(100);
		}
		const next = new URL(url);
		if (this.#signature) next.searchParams.set('signature', this.#signature);
		await this.#navigate(next);
	}

	/** Follows redirects by itself, for cookies come with them, and n8n may ask who this is on the way. */
	async #navigate(url: URL): Promise<void> {
		const response = await this.#fetch(url, { headers: { accept: 'text/html' }, redirect: 'manual' });
		const location = response.headers.get('location');
		if (location !== null) return await this.#navigate(new URL(location, url));
		if (url.pathname === '/oauth/consent') return await this.#consent(url);
		this.#html = await response.text();
		if (!response.ok) throw new Error(`n8n answered ${url.pathname} with ${response.status}: ${this.#html}`);
		url.searchParams.delete('signature');
		this.#url = url.href;
	}

	/** The person allows the form to know who they are: the editor's own page does it by these calls. */
	async #consent(page: URL): Promise<void> {
		const details = await this.#rest(new URL('/rest/consent/details', page));
		const { redirectUrl } =
			details.redirectUrl === undefined
				? await this.#rest(new URL('/rest/consent/approve', page), { approved: true })
				: details;
		if (redirectUrl === undefined) throw new Error('n8n does not say where its consent leads');
		await this.#navigate(new URL(redirectUrl));
	}

	async #rest(url: URL, body?: object): Promise<{ redirectUrl?: string }> {
		const response = await this.#fetch(url, {
			method: body ? 'POST' : 'GET',
			headers: { 'content-type': 'application/json' },
			body: body && JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) throw new Error(`n8n answered ${url.pathname} with ${response.status}: ${text}`);
		return (JSON.parse(text) as { data: { redirectUrl?: string } }).data;
	}

	async #fetch(url: URL, init: RequestInit = {}): Promise<Response> {
		const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
		const response = await fetch(url, { ...init, headers: { ...init.headers, cookie } });
		for (const line of response.headers.getSetCookie()) this.#keep(line.split(';')[0]!);
		return response;
	}

	#keep(cookie: string): void {
		const equals = cookie.indexOf('=');
		this.#cookies.set(cookie.slice(0, equals), cookie.slice(equals + 1));
	}
}

/** Inputs and drop-downs of a page in their order, hidden ones included, as n8n's template writes them. */
function controlsOf(html: string): Control[] {
	const form = /<form[\s\S]*?<\/form>/.exec(html)?.[0] ?? '';
	const labels = new Map(
		[...form.matchAll(/<label[^>]*\bfor='([^']*)'[^>]*>([\s\S]*?)<\/label>/g)].map(([, id, label]) => [
			id!,
			readable(label!),
		]),
	);
	const controls = form.matchAll(/<input\b([^>]*)>|<select\b([^>]*)>([\s\S]*?)<\/select>/g);
	const single = [...controls].flatMap(([, input, select = '', inner = '']) => {
		const name = attribute(input ?? select, 'name');
		if (!name) return [];
		const label = labels.get(name);
		if (input !== undefined) return [{ name, label, value: attribute(input, 'value') }];
		return [{ name, label, ...dropDown(inner) }];
	});
	return [...single, ...listsOf(form)];
}

function listsOf(form: string): Control[] {
	const lists = form.matchAll(
		/<label class='form-label[^']*'>([^<]*)<\/label>\s*<div\s+class='multiselect[^']*'\s+id='([^']*)'([\s\S]*?)<p /g,
	);
	return [...lists].map(([, label = '', name = '', inner = '']) => ({
		...{ name, label: readable(label), value: '', isList: true },
		options: [...inner.matchAll(/<input\b([^>]*)>/g)].map(([, attributes = '']) =>
			attribute(attributes, 'value').trim(),
		),
	}));
}

/** The page's script makes files of them (n8n's form-trigger-completion.handlebars). */
function filesOf(html: string): Record<string, string> {
	const written = /const binaries = "([^"]*)"/.exec(html)?.[1] ?? '';
	if (written === '') return {};
	const files = JSON.parse(decodeURIComponent(written)) as Array<{
		fileName: string;
		data: string | { data: number[] };
	}>;
	return Object.fromEntries(
		files.map(({ fileName, data }) => [
			fileName,
			(typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data.data)).toString(),
		]),
	);
}

function dropDown(inner: string): Required<FormField> {
	const options = [...inner.matchAll(/<option\b([^>]*)>/g)].map(([, attributes = '']) => ({
		value: attribute(attributes, 'value'),
		selected: / selected/.test(attributes),
	}));
	return {
		value: options.find(({ selected }) => selected)?.value ?? '',
		options: options.map(({ value }) => value).filter((value) => value !== ''),
	};
}

function attribute(attributes: string, name: string): string {
	const [, , value = ''] = new RegExp(`\\b${name}=(["'])([\\s\\S]*?)\\1`).exec(attributes) ?? [];
	return unescape(value);
}

function readable(html: string): string {
	return unescape(html.replaceAll(/<[^>]*>/g, ' '))
		.replaceAll(/\s+/g, ' ')
		.trim();
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };

function unescape(html: string): string {
	return html.replaceAll(
		/&(#x([0-9a-f]+)|#(\d+)|\w+);/gi,
		(whole, name: string, hex?: string, decimal?: string) =>
			hex || decimal
				? String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal))
				: (entities[name] ?? whole),
	);
}
