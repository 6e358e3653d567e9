/** SQL of a dump that takes ten minutes. While it does, the server shows `sleep(600)` as what the session is at. */
export const tenMinutes = `CREATE TABLE public.slow (n integer, slept text DEFAULT pg_catalog.pg_sleep(60 * 10)::text);
INSERT INTO public.slow (n) VALUES (1) /* sleep(600) */;`;
