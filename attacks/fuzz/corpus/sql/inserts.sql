--
-- PostgreSQL database dump
--

\restrict e9pgWUft1fSkfjaNgAi2bhfVkjoVbuU5dogWDMLaTpPGLthVaCx5vXGMUwvz3rR

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: 4711; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('4711');


ALTER LARGE OBJECT 4711 OWNER TO postgres;

--
-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.t VALUES (1, 'x	\
', 'calm');
INSERT INTO public.t VALUES (2, 'xx	\
', 'calm');
INSERT INTO public.t VALUES (3, 'xxx	\
', 'calm');
INSERT INTO public.t VALUES (4, 'xxxx	\
', 'calm');


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('4711', 131072);
SELECT pg_catalog.lowrite(0, '\x0001');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- PostgreSQL database dump complete
--

\unrestrict e9pgWUft1fSkfjaNgAi2bhfVkjoVbuU5dogWDMLaTpPGLthVaCx5vXGMUwvz3rR

