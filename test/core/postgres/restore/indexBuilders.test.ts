import { buildsIndex } from '../../../../core/postgres/restore/indexBuilders';

test.each([
	'CREATE INDEX users_i ON public.users USING btree (id);',
	'CREATE UNIQUE INDEX "odd name" ON ONLY "Odd schema"."T" USING btree (id);',
	'ALTER TABLE ONLY public.users\n    ADD CONSTRAINT users_pkey PRIMARY KEY (id);',
	'ALTER TABLE ONLY "Odd schema"."T t"\n    ADD CONSTRAINT "odd name" UNIQUE NULLS NOT DISTINCT (id);',
	'ALTER TABLE ONLY public.booked\n    ADD CONSTRAINT booked_excl EXCLUDE USING gist (during WITH &&);',
])('%s builds an index', (statement) => {
	expect(buildsIndex(statement)).toBe(true);
});

test.each([
	'ALTER TABLE ONLY public.users\n    ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public.users(id);',
	"ALTER TABLE public.users\n    ADD CONSTRAINT c CHECK ((a <> ' UNIQUE '::text)) NOT VALID;",
	'ALTER INDEX public.parent_i ATTACH PARTITION public.child_i;',
	'ALTER TABLE ONLY public.users REPLICA IDENTITY USING INDEX users_i;',
	"COMMENT ON INDEX public.users_i IS 'CREATE INDEX x ON y';",
	'CREATE TABLE public.t (\n    a integer UNIQUE\n);',
])('%s does not', (statement) => {
	expect(buildsIndex(statement)).toBe(false);
});
