const RealDate = Date;
let aheadMs = 0;

class ShiftedDate extends RealDate {
	constructor(...given: [] | ConstructorParameters<typeof Date>) {
		if (given.length === 0) super(RealDate.now() + aheadMs);
		else super(...given);
	}

	static override now(): number {
		return RealDate.now() + aheadMs;
	}
}

/** From now on it is that time in this process. */
export function setTime(now: Date): void {
	globalThis.Date = ShiftedDate as typeof Date;
	aheadMs = now.getTime() - RealDate.now();
}
