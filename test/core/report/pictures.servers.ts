import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { buildReport, formatPage } from '../../../core/report';
import { looks, saveReportPictures } from '../../../scripts/demo/reportPictures.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

jest.setTimeout(120_000);

const directory = temporaryDirectory();

/** What a browser made of the page. */
interface Seen {
	/** Of the page, and how much of that can be seen. */
	width: number;
	visible: number;
	/** Of the page's ground, 0 for black and 255 for white, and the least contrast of any text on it. */
	ground: number;
	contrast: { ratio: number; text: string };
	/** How the figures are told to those who do not see them. */
	figures: Array<string | null>;
}

/** Runs in the browser, and comes to what has been {@link Seen}. Ground and contrast as WCAG 2.2 reckons them. */
const look = String.raw`(() => {
	const colourOf = (value) => (value.match(/[\d.]+/g) ?? []).map(Number);
	const groundOf = (element) => {
		for (let one = element; one; one = one.parentElement) {
			const colour = colourOf(getComputedStyle(one).backgroundColor);
			if (colour.length === 3) return colour;
		}
		return [255, 255, 255];
	};
	const luminance = (colour) => {
		const [red, green, blue] = colour.map((value) => {
			const part = value / 255;
			return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
	};
	const texts = document.querySelectorAll('h1, h2, p, td, th, caption, figcaption, .badge, .tick');
	const ratios = [...texts].map((element) => {
		const style = getComputedStyle(element);
		const text = colourOf(element.classList.contains('tick') ? style.fill : style.color);
		const [dark, light] = [luminance(text), luminance(groundOf(element))].sort((a, b) => a - b);
		return { ratio: (light + 0.05) / (dark + 0.05), text: element.textContent };
	});
	return {
		width: document.documentElement.scrollWidth,
		visible: document.documentElement.clientWidth,
		ground: groundOf(document.body).reduce((sum, part) => sum + part) / 3,
		contrast: ratios.reduce((least, one) => (one.ratio < least.ratio ? one : least)),
		figures: [...document.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label')),
	};
})()`;

describe('In a browser (needs Chromium) the report', () => {
	const found: Record<string, Seen> = {};

	beforeEach(async () => {
		for (let day = 1; day <= 9; day++) {
			for (const component of ['postgres', 'redis'] as const) {
				const manifest = { copies: [] };
				await writeBackup(directory.path(), { stamp: `2026010${day}_020000`, component, manifest });
			}
		}
		// Long names must not push the page apart.
		await writeBackup(directory.path(), { stamp: '20260102_020000', prefix: 'a_very_long_name_'.repeat(5) });
		const report = await buildReport({
			root: directory.path(),
			timeZone: 'Europe/Berlin',
			now: new Date('2026-01-09T08:00:00Z'),
			everyHours: 24,
			policy: { keepDays: 7, keepLast: 3, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
		});
		const page = directory.path('report.html');
		await writeFile(page, formatPage(report));
		await saveReportPictures(page, directory.path(), looks, async (shown, { name }) => {
			found[name] = await shown.evaluate<Seen>(look);
		});
	});

	test('is as wide as the window, readable in light and dark, with words for its figures, and can be drawn', async () => {
		expect(Object.keys(found)).toEqual(looks.map(({ name }) => name));
		for (const { name, width, colorScheme } of looks) {
			const { visible, ground, contrast, figures, ...page } = found[name]!;
			expect({ name, visible, width: page.width }).toEqual({ name, visible: width, width });
			expect({ name, isDark: ground < 64, isLight: ground > 192 }).toEqual({
				...{ name, isDark: colorScheme === 'dark', isLight: colorScheme === 'light' },
			});
			// WCAG 2.2, 1.4.3: 4.5 to 1.
			expect({ name, ...contrast, isEnough: contrast.ratio >= 4.5 }).toMatchObject({ isEnough: true });
			expect(figures).toHaveLength(6);
			expect(figures).toContainEqual(expect.stringMatching(/^Size of Redis n8n\. From .* on 1 Jan to /));
			const picture = await readFile(directory.path(`${name}.png`));
			expect([basename(name), picture.subarray(1, 4).toString()]).toEqual([name, 'PNG']);
			// IHDR: the width, at the scale of the pictures.
			expect(picture.readUInt32BE(16)).toBe(Math.round(width * 1.25));
		}
	});
});
