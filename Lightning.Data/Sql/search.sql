-- Full-text search. Stored text and searches are split into words by the same function, search_words, so that what is
-- stored can be found. The built-in parser would keep `Alpha/Beta`, `finished.Then` and `bob@example.com` as one word.

-- A text as words between single spaces: compatibility forms, case and accents are removed, and whatever is no letter,
-- digit or mark separates words. In scripts without spaces between words, a run of letters becomes its overlapping
-- pairs and its last letter: 会議の becomes `会議 議の の`. The collation makes it independent of the database's.
CREATE FUNCTION app.search_words(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean.
    unspaced constant text := '\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u3005-\u3007\u3040-\u30FF\u31F0-\u31FF'
        || '\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\U00020000-\U0003FFFF';
    -- Accents of the European scripts, vowel marks of Hebrew and Arabic, and letters that have no width.
    dropped constant text := '[\u00AD\u0300-\u036F\u0591-\u05BD\u05BF\u05C1-\u05C2\u05C4-\u05C5\u05C7\u0640'
        || '\u064B-\u065F\u0670\u1AB0-\u1AFF\u1DC0-\u1DFF\u200B-\u200F\u202A-\u202E\u2060-\u2064\u20D0-\u20FF'
        || '\uFE00-\uFE0F\uFE20-\uFE2F\uFEFF\U000E0100-\U000E01EF]+';
    words text COLLATE pg_c_utf8 := value;
BEGIN
    IF octet_length(words) = length(words) THEN
        RETURN btrim(regexp_replace(lower(words), '[^a-z0-9]+', ' ', 'g'));
    END IF;
    words := lower(regexp_replace(normalize(words, NFKD), dropped, '', 'g'));
    -- Letters that have no decomposition.
    words := translate(words, 'øłđħıς', 'oldhiσ');
    words := replace(replace(replace(replace(words, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
    words := regexp_replace(normalize(words, NFKC), '[[:punct:][:space:][:cntrl:]\uE000-\uF8FF\uFFFC-\uFFFD]+', ' ',
        'g');
    IF words ~ ('[' || unspaced || ']') THEN
        words := regexp_replace(words, '([' || unspaced || ']+)', ' \1 ', 'g');
        words := regexp_replace(words, '(?<=[' || unspaced || '])([' || unspaced || '])', '\1 \1', 'g');
        words := regexp_replace(words, ' +', ' ', 'g');
    END IF;
    RETURN btrim(words);
END $$;

-- The search vector of a text.
CREATE FUNCTION app.search_vector(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_tsvector('simple', app.search_words(value)) $$;

-- The cost of the two functions of searches keeps Postgres from generic plans, which would call them for each row.

-- The search for a text: its words, one after the other; null if it has none. The last word also matches longer words
-- that begin with it, unless the text is a whole phrase.
CREATE FUNCTION app.search_phrase(value text, is_whole boolean) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    words constant text[] := string_to_array(app.search_words(value), ' ');
    last_word constant text := words[cardinality(words)];
    previous constant text := words[cardinality(words) - 1];
    -- A letter of a script without spaces is stored as the beginning of a pair, and alone only at the end of a run.
    is_letter constant boolean := length(last_word) = 1 AND octet_length(last_word) >= 3;
    found tsquery;
    word text;
BEGIN
    FOREACH word IN ARRAY words[: cardinality(words) - 1] LOOP
        found := coalesce(found <-> to_tsquery('simple', quote_literal(word)),
            to_tsquery('simple', quote_literal(word)));
    END LOOP;
    -- The pair before the letter contains it.
    IF last_word IS NULL OR (is_letter AND length(previous) = 2 AND right(previous, 1) = last_word) THEN
        RETURN found;
    END IF;
    word := quote_literal(last_word) || CASE WHEN is_whole AND NOT is_letter THEN '' ELSE ':*' END;
    RETURN coalesce(found <-> to_tsquery('simple', word), to_tsquery('simple', word));
END $$;

-- The search for what a person typed: words, "phrases", `or` between two of them, and -excluded ones. Null if there is
-- no word in it.
CREATE FUNCTION app.search_query(value text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- A minus, a phrase and a word; the latter two exclude each other.
    terms constant text[][] := ARRAY(
        SELECT part FROM regexp_matches(value, '(-?)(?:"([^"]*)"?|([^\s"]+))', 'g') AS part);
    amount constant integer := coalesce(array_length(terms, 1), 0);
    earlier tsquery;
    found tsquery;
    term tsquery;
BEGIN
    FOR place IN 1 .. amount LOOP
        IF lower(terms[place][3]) = 'or' AND terms[place][1] = '' AND found IS NOT NULL AND place < amount THEN
            earlier := coalesce(earlier || found, found);
            found := NULL;
        ELSE
            term := app.search_phrase(coalesce(terms[place][2], terms[place][3]),
                is_whole => terms[place][2] IS NOT NULL OR terms[place][1] = '-');
            IF terms[place][1] = '-' THEN term := !! term; END IF;
            found := coalesce(found && term, found, term);
        END IF;
    END LOOP;
    RETURN coalesce(earlier || found, earlier, found);
END $$;
