/** Text that is HTML already. */
export class Html {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

/** Builds HTML; whatever is not HTML itself is shown as the text that it is. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
	return new Html(
		parts.map((part, index) => part + (index < values.length ? asText(values[index]) : '')).join(''),
	);
}

function asText(value: HtmlValue): string {
	if (value === undefined) return '';
	if (value instanceof Html) return value.text;
	if (typeof value === 'object') return value.map(asText).join('');
	return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
