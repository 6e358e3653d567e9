SET client_encoding = 'SJIS';
SELECT E'•\';
SET standard_conforming_strings = off;
SELECT '•\\';';
